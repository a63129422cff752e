import type { Database } from '../database/database.ts'

/** How many there are, and since when the oldest is there. */
type Waiting<Name extends string> = Record<Name, string> & { count: number; oldest: Date | null }

/** Creates the look at what waits, for metrics: counts and ages only. */
export function createObservationStore(db: Database) {
  const read = async <Name extends 'kind' | 'state'>(name: Name, rows: PromiseLike<Record<string, unknown>[]>) =>
    (await rows).map((row) => ({ [name]: row[name], count: Number(row.n), oldest: row.oldest }) as Waiting<Name>)
  return {
    /** Messages not delivered yet, by kind (index `messages_due`). */
    messages: () =>
      read(
        'kind',
        db('messages')
          .where({ delivered_at: null, failed_at: null })
          .groupBy('kind')
          .select('kind')
          .count('* as n')
          .min('created_at as oldest'),
      ),
    /** Print runs on their way, by state; one that still collects has no age. */
    printRuns: () =>
      read(
        'state',
        db('print_runs')
          .whereIn('state', ['collecting', 'prepared', 'released'])
          .groupBy('state')
          .select('state', db.raw('min(coalesce(closed_at, prepared_at)) as oldest'))
          .count('* as n'),
      ),
  }
}
