import { createAuditService, describeVerification } from '../services/audit.ts'
import { createAuditEventStore } from '../stores/audit-events.ts'
import { withContext } from './context.ts'
import { type CliCommand, UsageError } from './frame.ts'
import { createProgress } from './progress.ts'

/** Verifies the audit log; exit code 1 when it is broken. The printed head, noted elsewhere, later proves the end. */
export const auditVerify: CliCommand = {
  name: 'audit:verify',
  description: 'verify the audit log’s hash chain; exit code 1 when it is broken',
  define: (command) =>
    command.option('--head <position:chain>', 'a head printed by an earlier run, to find rows cut off at the end'),
  run: (_, { head }, io) => {
    const anchor = typeof head === 'string' ? parseHead(head) : undefined
    return withContext(io, async ({ database, protection }) => {
      const audit = createAuditService({ auditEvents: createAuditEventStore(database, protection.hash) })
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
