import { withServices } from '../app/operator.ts'
import type { Services } from '../app/services.ts'
import { readDeliveryStatus } from '../gateways/delivery-status.ts'
import { withContext } from './context.ts'
import type { CliCommand, CliIo, CliResult } from './frame.ts'
import { UsageError } from './frame.ts'

const withBounces = (io: CliIo, work: (bounces: Services['bounces']) => Promise<CliResult>) =>
  withContext(io, (context) =>
    withServices({ ...context, knex: context.database }, (services) => work(services.bounces)),
  )

/** Bytes of a returned e-mail; ours are far smaller. */
const longest = 10_000_000

/** Notes a bounce from the e-mail that a mail server has sent back; made to be called by the mailbox of `SMTP_ENVELOPE_FROM`. */
const bounce: CliCommand = {
  name: 'mails:bounce',
  description: 'note a returned e-mail: a delivery status notification (RFC 3464) on stdin',
  async run(_args, _options, io) {
    const report = await readDeliveryStatus(await readInput(io))
    if (!report) throw new UsageError('What came on stdin is no delivery status notification (RFC 3464).')
    if (!report.messageId)
      return { exitCode: 0, text: 'Not about a failed e-mail of ours.', json: { marked: 0, ours: false } }
    return await withBounces(io, async (bounces) => {
      const marked = await bounces.returned(report)
      return { exitCode: 0, text: marked > 0 ? 'The address is marked.' : 'Nothing new.', json: { marked, ours: true } }
    })
  },
}

/** Lists for support whose e-mail came back. */
const list: CliCommand = {
  name: 'mails:bounces',
  description: 'list the accounts whose e-mail came back, the newest first',
  run: (_args, _options, io) =>
    withBounces(io, async (bounces) => {
      const accounts = await bounces.list()
      const lines = accounts.map(
        ({ accountId, email, reason, at, toldAt }) =>
          `${accountId}  ${email}  ${reason}  ${at.toISOString()}  ${toldAt ? 'member told' : 'member not told yet'}`,
      )
      return { exitCode: 0, text: lines.join('\n') || 'No e-mail came back.', json: { accounts } }
    }),
}

export const mailCommands: CliCommand[] = [bounce, list]

async function readInput({ input }: CliIo): Promise<Buffer> {
  if (!input) throw new UsageError('Give the returned e-mail on stdin.')
  const parts: Buffer[] = []
  let length = 0
  for await (const part of input) {
    parts.push(Buffer.from(part))
    length += part.length
    if (length > longest) throw new UsageError('What came on stdin is too long for a returned e-mail.')
  }
  return Buffer.concat(parts)
}
