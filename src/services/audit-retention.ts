import { type AuditClass, auditTypes } from '../audit/events.ts'
import type { Clock } from '../gateways/clock.ts'
import type { AuditEventStore } from '../stores/audit-events.ts'

type Settings = {
  auditEvents: Pick<AuditEventStore, 'emptyBodies'>
  clock: Clock
  /** How long bodies stay, by class. */
  days: Record<AuditClass, number>
}

const dayInMs = 24 * 60 * 60 * 1000
const batch = 5000

/** Makes the job that empties the bodies of audit events whose retention is over (security.md, "audit log"); answers how many. */
export const createAuditRetention =
  ({ auditEvents, clock, days }: Settings) =>
  async (signal?: AbortSignal): Promise<number> => {
    let total = 0
    for (const [name, types] of Object.entries(auditTypes)) {
      const before = new Date(clock.now().getTime() - days[name as AuditClass] * dayInMs)
      for (let end = false; !end && !signal?.aborted; ) {
        const { walked, emptied } = await auditEvents.emptyBodies({ name, types, before }, batch)
        total += emptied
        end = walked < batch
      }
    }
    return total
  }
