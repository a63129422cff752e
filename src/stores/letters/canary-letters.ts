import type { Protection } from '../../crypto/protection.ts'
import type { CalendarDay } from '../../domain/calendar.ts'
import type { Database } from '../database/database.ts'
import { placeOf } from '../keys/protected-tables.ts'

/** A letter to the operator that goes with a run. `code`: plain, only until the run is posted. */
export type CanaryLetter = {
  id: string
  runId: string
  code: string | null
  codeHash: string | null
  postedOn: CalendarDay | null
  enteredAt: Date | null
  alertedAt: Date | null
}

type Row = {
  id: string
  print_run_id: string
  code: string | null
  code_hash: string | null
  posted_on: CalendarDay | null
  entered_at: Date | null
  alerted_at: Date | null
}

/** Creates the store of canary letters, at most one in a run. */
export function createCanaryLetterStore(db: Database, { encryption }: Protection) {
  const canaries = () => db('canary_letters')
  const context = (id: string) => placeOf('canary_letters', 'code', { id })
  const read = (row: Row): CanaryLetter => ({
    id: row.id,
    runId: row.print_run_id,
    code: row.code && encryption.decrypt(row.code, context(row.id)),
    codeHash: row.code_hash,
    postedOn: row.posted_on,
    enteredAt: row.entered_at,
    alertedAt: row.alerted_at,
  })
  return {
    /** Puts a letter into a run; one that is there stays. Answers the one of the run. */
    async add({ id, runId, code, codeHash }: { id: string; runId: string; code: string; codeHash: string }) {
      const row = { id, print_run_id: runId, code: encryption.encrypt(code, context(id)), code_hash: codeHash }
      await canaries().insert(row).onConflict('print_run_id').ignore()
      return read(await canaries().where({ print_run_id: runId }).first())
    },
    /** The run is posted: the plain code is destroyed and the days count. */
    markPosted: (runId: string, postedOn: CalendarDay) =>
      canaries().where({ print_run_id: runId }).update({ posted_on: postedOn, code: null }),
    /** The run is cancelled: its letter reaches nobody. */
    deleteOfRun: (runId: string) => canaries().where({ print_run_id: runId, posted_on: null }).delete(),
    list: async (limit: number) =>
      (await canaries().whereNotNull('posted_on').orderBy('posted_on', 'desc').limit(limit)).map(read),
    /** Posted letters whose code was not entered; `before`: posted before that day, and nobody was told. */
    missing: async (before?: CalendarDay) => {
      const open = canaries().where({ entered_at: null }).whereNotNull('posted_on')
      return (await (before ? open.where('posted_on', '<', before).whereNull('alerted_at') : open)).map(read)
    },
    /** Uses a code up; `false` when it was used before. */
    enter: async (id: string, by: string, now: Date) =>
      (await canaries()
        .where({ id, entered_at: null })
        .update({ entered_at: now, entered_by: by, code_hash: null })) === 1,
    markAlerted: async (id: string, now: Date) =>
      (await canaries().where({ id, entered_at: null, alerted_at: null }).update({ alerted_at: now })) === 1,
    /** Forgets old letters, entered or not. */
    deletePostedBefore: (day: CalendarDay) => canaries().where('posted_on', '<', day).delete(),
  }
}
