import { type AuditClass, auditTypes, bodiesEmptiedType } from '../../audit/events.ts'
import type { Clock } from '../../gateways/clock.ts'
import type { Transaction } from '../../stores/transaction.ts'

type Settings = {
  transaction: Transaction
  clock: Clock
  /** How long bodies stay, by class. */
  days: Record<AuditClass, number>
}

const dayInMs = 24 * 60 * 60 * 1000
const batch = 5000

/**
 * Makes the job that empties the bodies of audit events whose retention is over (security.md, "audit log"); answers how many. Each
 * emptying is an event itself, in the same transaction: a body that is gone without one was taken away by somebody.
 */
export const createAuditRetention =
  ({ transaction, clock, days }: Settings) =>
  async (signal?: AbortSignal): Promise<number> => {
    let total = 0
    for (const [name, all] of Object.entries(auditTypes)) {
      const types = all.filter((type) => type !== bodiesEmptiedType)
      for (let end = false; !end && !signal?.aborted; ) {
        const at = clock.now()
        const before = new Date(at.getTime() - days[name as AuditClass] * dayInMs)
        const { walked, emptied } = await transaction(async ({ auditEvents, audit }) => {
          const done = await auditEvents.emptyBodies({ name, types, before }, batch)
          const { until, emptied: count } = done
          if (count > 0) await audit.auditBodiesEmptied({ at, name, before: before.toISOString(), until, count })
          return done
        })
        total += emptied
        end = walked < batch
      }
    }
    return total
  }
