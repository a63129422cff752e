import type { CalendarDay } from '../domain/calendar.ts'
import type { Database } from './database.ts'
import type { Protection } from './protection.ts'

export type PrintRunState = 'collecting' | 'prepared' | 'released' | 'posted' | 'cancelled'
export type PrintRun = {
  id: string
  state: PrintRunState
  /** Planned when prepared; letter, e-mail and page all name it. */
  postingDay: CalendarDay
  letterCount: number
  /** One PDF with all letters, until posted. */
  pdf: Uint8Array | null
}

/** Creates the store of print runs (Druckauftrag). Each change of state is one guarded statement. */
export function createPrintRunStore(db: Database, { encryption }: Protection) {
  const runs = () => db('print_runs')
  type Row = { id: string; state: PrintRunState; posting_day: CalendarDay; letter_count: number; pdf: string | null }
  const toRun = (row: Row): PrintRun => ({
    id: row.id,
    state: row.state,
    postingDay: row.posting_day,
    letterCount: row.letter_count,
    pdf: row.pdf ? Buffer.from(encryption.decrypt(row.pdf, 'print_runs.pdf'), 'base64') : null,
  })
  const move = async (id: string, from: PrintRunState[], change: Record<string, unknown>) =>
    (await runs().where({ id }).whereIn('state', from).update(change)) === 1
  return {
    create: (id: string, postingDay: CalendarDay, now: Date) =>
      runs().insert({ id, state: 'prepared', posting_day: postingDay, letter_count: 0, prepared_at: now }),
    setPrint: (id: string, pdf: Uint8Array | null, letterCount: number) =>
      runs()
        .where({ id, state: 'prepared' })
        .update({
          pdf: pdf ? encryption.encrypt(Buffer.from(pdf).toString('base64'), 'print_runs.pdf') : null,
          letter_count: letterCount,
        }),
    find: async (id: string) => {
      const row = await runs().where({ id }).first()
      return row ? toRun(row) : null
    },
    list: async (states: PrintRunState[]) =>
      (await runs().whereIn('state', states).orderBy('prepared_at', 'desc').limit(200)).map(toRun),
    release: (id: string, now: Date) => move(id, ['prepared'], { state: 'released', released_at: now }),
    /** The print shop has the run; a repeat keeps the first time. */
    markHandedOver: (id: string, now: Date) =>
      runs().where({ id, state: 'released', handed_over_at: null }).update({ handed_over_at: now }),
    /** Destroys the PDF with the change (mission.md, "Deadlines"). A run that no print shop has cannot be posted. */
    post: async (id: string, now: Date) =>
      (await runs()
        .where({ id, state: 'released' })
        .whereNotNull('handed_over_at')
        .update({ state: 'posted', posted_at: now, pdf: null })) === 1,
    cancel: (id: string, now: Date) =>
      move(id, ['prepared', 'released'], { state: 'cancelled', cancelled_at: now, pdf: null }),
  }
}
