import type { Database } from '../database/database.ts'

/** How a run ended: `timed_out` was given up on, `interrupted` stopped between two batches because its process ends. */
export type JobOutcome = 'done' | 'failed' | 'timed_out' | 'interrupted'

/** What is known of a job; times by the clock of our rules. */
export type JobRecord = {
  name: string
  running: boolean
  startedAt: Date
  finishedAt: Date | null
  outcome: JobOutcome | null
  rows: number | null
  durationMs: number | null
  /** Failed runs since the last success. */
  failures: number
  /** Start of the last run that succeeded: all that was due then is done. */
  coveredUntil: Date | null
}

type RunEnd = { outcome: JobOutcome; rows: number; durationMs: number; finishedAt: Date }

export type JobRunStore = ReturnType<typeof createJobRunStore>

/** Creates the store of job runs: one lease per job in the whole cluster, and the last result. */
export function createJobRunStore(db: Database) {
  const held = (name: string, lease: string) => db('job_runs').where({ name, lease })
  const free = { lease: null, lease_until: null }
  const until = (seconds: number) => db.raw("clock_timestamp() + ? * interval '1 second'", [seconds])
  return {
    /** Takes the lease for `seconds`; `false` while another run holds it. */
    async claim(name: string, lease: string, startedAt: Date, seconds: number): Promise<boolean> {
      const rows = await db('job_runs')
        .insert({ name, lease, lease_until: until(seconds), started_at: startedAt })
        .onConflict('name')
        .merge()
        .where((free) => free.whereNull('job_runs.lease').orWhereRaw('job_runs.lease_until < clock_timestamp()'))
        .returning('name')
      return rows.length === 1
    },
    /** Keeps the lease for `seconds` more; `false` when another run has taken it. */
    renew: async (name: string, lease: string, seconds: number): Promise<boolean> =>
      (await held(name, lease).update({ lease_until: until(seconds) })) === 1,
    /**
     * Writes the end of a run and gives the lease back, but for one that was given up on: its work may still hang. Tells the
     * failures in a row, null when the lease was lost.
     */
    async finish(name: string, lease: string, end: RunEnd): Promise<number | null> {
      const { outcome, rows, durationMs, finishedAt } = end
      const success = { failures: 0, covered_until: db.ref('started_at') }
      const [row] = await held(name, lease)
        .update({
          ...{ finished_at: finishedAt, outcome, rows, duration_ms: durationMs },
          ...(outcome !== 'timed_out' && free),
          ...(outcome === 'done' && success),
          ...((outcome === 'failed' || outcome === 'timed_out') && { failures: db.raw('failures + 1') }),
        })
        .returning('failures')
      return row ? row.failures : null
    },
    /** Gives back the lease of a run that has ended already. */
    release: async (name: string, lease: string): Promise<void> => void (await held(name, lease).update(free)),
    /** Lists what is known of every job that has ever run. */
    async list(): Promise<JobRecord[]> {
      const running = db.raw('coalesce(lease_until > clock_timestamp(), false) as running')
      const rows = await db('job_runs').orderBy('name').select('*', running)
      return rows.map((row) => ({
        name: row.name,
        running: row.running,
        startedAt: row.started_at,
        finishedAt: row.finished_at,
        outcome: row.outcome,
        rows: row.rows === null ? null : Number(row.rows),
        durationMs: row.duration_ms,
        failures: row.failures,
        coveredUntil: row.covered_until,
      }))
    },
  }
}
