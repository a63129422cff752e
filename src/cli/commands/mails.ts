import type { DeliveryStatus } from '../../gateways/email/delivery-status.ts'
import { type CliCommand, tempFail } from '../frame.ts'
import { withServices } from '../with-services.ts'

/** Bytes of a returned e-mail; ours are far smaller. */
const longest = 10_000_000

/** Seconds, to read, to wait for the database, and to note. */
const patience = 60

/**
 * Notes a bounce from the e-mail that a mail server has sent back; made to be called by the mailbox of `SMTP_ENVELOPE_FROM`.
 * Mail servers act on its exit status: 0 takes the e-mail, also what is no report (an answer to it would be backscatter, RFC
 * 3834), 75 brings it again. There is no other, so that no report is lost and none comes back to its sender.
 */
const bounce: CliCommand = {
  name: 'mails:bounce',
  description:
    'note a returned e-mail: a delivery status notification (RFC 3464) on stdin; exit code 75: bring it again',
  failure: tempFail,
  define: (command) => command.option('--patience <seconds>', 'time for all of it', String(patience)),
  async run(_args, options, io) {
    io.endAfter?.(Number(options.patience) || patience, tempFail)
    if (!io.input)
      return { exitCode: 2, text: 'Give the returned e-mail on stdin.', json: { error: 'usage', message: 'no stdin' } }
    const report = await readReport(io.input)
    if (!report)
      return { exitCode: 0, text: 'No delivery status notification (RFC 3464); left alone.', json: { report: false } }
    if (!report.messageId || report.failures.length === 0)
      return { exitCode: 0, text: 'Not about a failed e-mail of ours.', json: { marked: 0, ours: false } }
    return await withServices(io, async ({ messages: { bounces } }) => {
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
    withServices(io, async ({ messages: { bounces } }) => {
      const accounts = await bounces.list()
      const lines = accounts.map(
        ({ accountId, email, reason, at, toldAt }) =>
          `${accountId}  ${email}  ${reason}  ${at.toISOString()}  ${toldAt ? 'member told' : 'member not told yet'}`,
      )
      return { exitCode: 0, text: lines.join('\n') || 'No e-mail came back.', json: { accounts } }
    }),
}

export const mailCommands: CliCommand[] = [bounce, list]

/** Reads to the end whatever comes: a mail server whose pipe breaks takes that for a failure. What is too long is no report. */
async function readReport(input: AsyncIterable<Uint8Array>): Promise<DeliveryStatus | undefined> {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of input) {
    length += part.length
    if (length <= longest) parts.push(Buffer.from(part))
    else parts.length = 0
  }
  if (length > longest) return undefined
  const { readDeliveryStatus } = await import('../../gateways/email/delivery-status.ts')
  return await readDeliveryStatus(Buffer.concat(parts))
}
