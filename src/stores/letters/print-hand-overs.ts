import type { Database } from '../database/database.ts'
import { type PrintRunRow, toPrintRun } from './print-run-record.ts'

type Lease = { now: Date; until: Date }

/**
 * Creates the store of hand-overs: what happens between a run's release and the print shop. One process holds a run at a time;
 * a change by one that has lost it changes nothing.
 */
export function createPrintHandOverStore(db: Database) {
  const runs = () => db('print_runs')
  const once = async (change: PromiseLike<number>) => (await change) === 1
  const all = async (rows: PromiseLike<PrintRunRow[]>) => (await rows).map(toPrintRun)
  const held = (id: string, holder: string) => runs().where({ id, hand_over_holder: holder })
  const underWay = (id: string, holder: string) => held(id, holder).where({ state: 'released', handed_over_at: null })
  return {
    /** Released runs whose next try is due. */
    due: (now: Date) =>
      all(runs().where({ state: 'released', handed_over_at: null }).where('deliver_after', '<=', now)),
    /** Takes a run for its hand-over; `false` when another process has it, or the shop does. */
    take: (id: string, holder: string, { now, until }: Lease) =>
      once(
        runs()
          .where({ id, state: 'released', handed_over_at: null })
          .where((free) => free.whereNull('busy_until').orWhere('busy_until', '<=', now))
          .update({ busy_until: until, hand_over_holder: holder }),
      ),
    /** Goes on for a while; `false` when the run was taken up by another process or called back. */
    renew: (id: string, holder: string, until: Date) => once(underWay(id, holder).update({ busy_until: until })),
    /** The print shop has the run; `false` when it was lost or called back meanwhile. */
    succeeded: (id: string, holder: string, now: Date) =>
      once(underWay(id, holder).update({ handed_over_at: now, busy_until: null })),
    /** The next try is at `next`. */
    failed: (id: string, holder: string, next: Date) =>
      once(underWay(id, holder).update({ deliver_after: next, busy_until: null }).increment('deliver_attempts', 1)),
    /** Gives back a run that ended while it was handed over. */
    free: (id: string, holder: string) => once(held(id, holder).update({ busy_until: null })),
    /** Ended runs whose files still lie at the print shop and whose next try is due; those that must not be posted first. */
    toWithdraw: (now: Date) =>
      all(
        runs()
          .whereNotNull('withdrawal')
          .where((due) => due.whereNull('withdraw_after').orWhere('withdraw_after', '<=', now))
          .orderBy('withdrawal'),
      ),
    /** Ended runs of which the print shop could not be told, or that it did not let us delete. */
    notWithdrawn: () => all(runs().whereNotNull('withdrawal').whereNotNull('withdrawal_fault')),
    /** They are gone for good: nobody is at it who could bring another file. */
    withdrawn: (id: string, now: Date) =>
      once(
        runs()
          .where({ id })
          .whereNotNull('withdrawal')
          .where((ended) => ended.whereNull('busy_until').orWhere('busy_until', '<=', now))
          .update({ withdrawal: null, withdrawal_fault: null, withdraw_after: null }),
      ),
    /** They are gone for now; somebody may bring another file. */
    withdrawnForNow: (id: string) =>
      runs().where({ id }).update({ withdrawal_fault: null, withdraw_after: null, withdraw_attempts: 0 }),
    /** The next try is at `next`. `fault`: a code, no words of the server. */
    withdrawalFailed: (id: string, fault: string, next: Date) =>
      once(
        runs()
          .where({ id })
          .whereNotNull('withdrawal')
          .update({ withdrawal_fault: fault, withdraw_after: next })
          .increment('withdraw_attempts', 1),
      ),
  }
}
