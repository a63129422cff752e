import { createAuditService } from '../services/audit.ts'
import { createAuditEventStore } from '../stores/audit-events.ts'
import { withContext } from './context.ts'
import type { CliCommand } from './frame.ts'

/** Seals what waits in the audit log; the service does the same by itself. */
export const auditSeal: CliCommand = {
  name: 'audit:seal',
  description: 'give waiting audit events their place in the hash chain',
  run: (_args, _options, io) =>
    withContext(io, async ({ database, protection }) => {
      const audit = createAuditService({ auditEvents: createAuditEventStore(database, protection.hash) })
      const sealed = await audit.sealAll()
      return { exitCode: 0, text: `${sealed} events sealed.`, json: { sealed } }
    }),
}
