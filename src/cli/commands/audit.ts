import { describeVerification } from '../../services/operation/audit.ts'
import { describeStreamFault } from '../../services/operation/audit-stream.ts'
import { type CliCommand, UsageError } from '../frame.ts'
import { createProgress } from '../progress.ts'
import { withServices } from '../with-services.ts'

/** Verifies the audit log; exit code 1 when it is broken. The printed head, noted elsewhere, later proves the end. */
const verify: CliCommand = {
  name: 'audit:verify',
  description: 'verify the audit log’s hash chain; exit code 1 when it is broken',
  define: (command) =>
    command.option('--head <position:chain>', 'a head printed by an earlier run, to find rows cut off at the end'),
  run: (_, { head }, io) => {
    const anchor = typeof head === 'string' ? parseHead(head) : undefined
    return withServices(io, async ({ operation: { audit } }) => {
      const progress = createProgress(io)
      const result = await audit.verify((n, all) => progress.show(n / all, `${n} events`), anchor)
      progress.end()
      const sentence = describeVerification(result)
      if (result.outcome === 'broken') return { exitCode: 1, text: sentence, json: result }
      const text = result.head ? `${sentence}\nHead: ${result.head.position}:${result.head.chain}` : sentence
      return { exitCode: 0, text, json: result }
    })
  },
}

function parseHead(text: string) {
  const [, position, chain] = /^(\d+):([\w-]+\.[\w-]+)$/.exec(text) ?? []
  if (!position || !chain) throw new UsageError('--head must be position:chain as an earlier run printed it.')
  return { position: Number(position), chain }
}

/** Seals what waits in the audit log; the service does the same by itself. */
const seal: CliCommand = {
  name: 'audit:seal',
  description: 'give waiting audit events their place in the hash chain',
  run: (_args, _options, io) =>
    withServices(io, async ({ operation: { audit } }) => {
      const sealed = await audit.sealAll()
      return { exitCode: 0, text: `${sealed} events sealed.`, json: { sealed } }
    }),
}

/** Shows how far the receiver of audit events is; exit code 1 when it is behind or refuses them. */
const stream: CliCommand = {
  name: 'audit:stream',
  description:
    'show how far the receiver of audit events (AUDIT_STREAM_URL) is; exit code 1 when it does not take them',
  run: (_args, _options, io) =>
    withServices(io, async ({ operation: { auditStream } }, { config }) => {
      const receiver =
        config.auditStream?.url.origin === 'null' ? config.auditStream.url.href : config.auditStream?.url.origin
      if (!receiver)
        return {
          exitCode: 0,
          text: 'Nobody receives audit events: AUDIT_STREAM_URL is not set.',
          json: { receiver: null },
        }
      const status = await auditStream.status()
      const fault = describeStreamFault(status)
      const lines = [
        `Receiver:    ${receiver}`,
        `Taken:       up to position ${status.position} of ${status.head}, ${status.waiting} wait`,
        `Lag:         ${Math.round(status.lag)} seconds`,
        `Last taken:  ${status.sentAt?.toISOString() ?? 'never'}`,
        `Last error:  ${status.fault ? `${status.fault} at ${status.failedAt?.toISOString()}` : 'none since the last delivery'}`,
        ...(fault ? [`Fault:       ${fault}.`] : []),
      ]
      return { exitCode: fault ? 1 : 0, text: lines.join('\n'), json: { receiver, ...status } }
    }),
}

export const auditCommands: CliCommand[] = [verify, seal, stream]
