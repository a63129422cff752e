import type { CalendarDay } from '../../domain/calendar.ts'
import type { Confirmation } from '../../domain/letters/posting-days.ts'
import type { Database } from '../database/database.ts'
import { type PrintRunRow, type PrintRunState, type StoredPrintFile, toPrintRun } from './print-run-record.ts'

export type { PrintRun, PrintRunState, StoredPrintFile } from './print-run-record.ts'

type Closing = { postingDay: CalendarDay; by: string; now: Date }
type Print = { files: StoredPrintFile[]; letterCount: number; sheetCount: number; kinds: Record<string, number> }

/** `person`: name of who releases, `identity`: account or token by which the name is known; unset where there is none. */
type Release = { by: string; person: string | null; identity?: string | null; now: Date }

/** Creates the store of print runs (Druckauftrag). Each change of state is one guarded statement. */
export function createPrintRunStore(db: Database) {
  const runs = () => db('print_runs')
  const once = async (change: PromiseLike<number>) => (await change) === 1
  const all = async (rows: PromiseLike<PrintRunRow[]>) => (await rows).map(toPrintRun)
  return {
    /** Opens the run that collects; `false` when one does already. */
    open: async (id: string, collectsUntil: Date) =>
      (
        await db.raw(
          `insert into print_runs (id, state, letter_count, collects_until) values (?, 'collecting', 0, ?)
           on conflict do nothing returning id`,
          [id, collectsUntil],
        )
      ).rows.length === 1,
    findCollecting: async () => {
      const row = await runs().where({ state: 'collecting', closed_at: null }).first()
      return row ? toPrintRun(row) : null
    },
    /** Nothing waits at the cut-off: the run collects until the next one. */
    defer: (id: string, from: Date, to: Date) =>
      once(
        runs().where({ id, state: 'collecting', closed_at: null, collects_until: from }).update({ collects_until: to }),
      ),
    /** Ends the collecting and fixes the planned posting day. */
    close: (id: string, collectsUntil: Date, { postingDay, by, now }: Closing) =>
      once(
        runs()
          .where({ id, state: 'collecting', closed_at: null })
          .update({ closed_at: now, posting_day: postingDay, prepared_by: by, collects_until: collectsUntil }),
      ),
    /** A run that is closed from the beginning: by hand, or a second one of the same cut-off. */
    createClosed: (id: string, collectsUntil: Date, { postingDay, by, now }: Closing) =>
      runs().insert({
        id,
        state: 'collecting',
        letter_count: 0,
        collects_until: collectsUntil,
        closed_at: now,
        posting_day: postingDay,
        prepared_by: by,
      }),
    /** Takes a closed run to prepare it; `false` while another worker has it. */
    take: (id: string, worker: string, { now, until }: { now: Date; until: Date }) =>
      once(
        runs()
          .where({ id, state: 'collecting' })
          .where((free) => free.whereNull('busy_until').orWhere('busy_until', '<=', now))
          .update({ busy_until: until, worker }),
      ),
    /** Goes on for a while; `false` when the run has been taken up by another worker or called back. */
    renew: (id: string, worker: string, until: Date) =>
      once(runs().where({ id, state: 'collecting', worker }).update({ busy_until: until })),
    free: (id: string, worker: string) => runs().where({ id, worker }).update({ busy_until: null }),
    /** Holds a run in preparation until the transaction ends; `false` when the worker has lost it. */
    holdForWork: async (id: string, worker: string) =>
      (await runs().where({ id, state: 'collecting', worker }).forUpdate().first('id')) !== undefined,
    /** Codes, PDF and manifest are there. */
    prepared: (id: string, worker: string, { files, letterCount, sheetCount, kinds }: Print, now: Date) =>
      once(
        runs()
          .where({ id, state: 'collecting', worker })
          .update({
            state: 'prepared',
            prepared_at: now,
            busy_until: null,
            files: JSON.stringify(files),
            letter_count: letterCount,
            sheet_count: sheetCount,
            kinds: JSON.stringify(kinds),
          }),
      ),
    find: async (id: string) => {
      const row = await runs().where({ id }).first()
      return row ? toPrintRun(row) : null
    },
    list: (states: readonly PrintRunState[]) =>
      all(runs().whereIn('state', states).orderByRaw('coalesce(prepared_at, closed_at) desc nulls first').limit(200)),
    /**
     * Lets a run go to the print shop. `person`: name behind the actor, and by what it is known; who prepared it by hand may not
     * release it, whichever way in he took and whatever name he gave. `null`: the check is off (development).
     */
    release: (id: string, { by, person, identity, now }: Release) => {
      const free = runs().where({ id, state: 'prepared' }).whereNotNull('files')
      const allowed = person
        ? free.whereRaw(
            `(coalesce(prepared_by, 'system') = 'system' or (split_part(split_part(prepared_by, ':', 2), ' ', 1) <> ?
              and coalesce(substring(prepared_by from '[(](.+)[)]$'), '') <> ?))`,
            [person, identity ?? 'unknown'],
          )
        : free
      return once(allowed.update({ state: 'released', released_at: now, released_by: by, deliver_after: now }))
    },
    markAccepted: (id: string, now: Date) => runs().where({ id, accepted_at: null }).update({ accepted_at: now }),
    /** A run that no print shop has cannot be posted. */
    post: (id: string, by: string, now: Date) =>
      once(
        runs()
          .where({ id, state: 'released' })
          .whereNotNull('handed_over_at')
          .update({ state: 'posted', posted_at: now, posted_by: by, pdf: null, withdrawal: 'posted' }),
      ),
    cancel: (id: string, { by, reason, now }: { by: string; reason: string; now: Date }) =>
      once(
        runs()
          .where({ id })
          .where((open) =>
            open
              .whereIn('state', ['prepared', 'released'])
              .orWhere((closed) => closed.where({ state: 'collecting' }).whereNotNull('closed_at')),
          )
          .update({
            state: 'cancelled',
            cancelled_at: now,
            cancelled_by: by,
            cancel_reason: reason,
            pdf: null,
            withdrawal: db.raw("case when state = 'released' then 'cancelled' end"),
          }),
      ),
    /** Closed runs that are not done, for whoever looks whether their day has slipped. */
    openWithPostingDay: () =>
      all(runs().whereIn('state', ['collecting', 'prepared', 'released']).whereNotNull('posting_day')),
    /** When the latest runs with printed letters were posted. */
    latestConfirmations: async (limit: number): Promise<Confirmation[]> => {
      const posted = runs().where({ state: 'posted' }).where('letter_count', '>', 0)
      const rows = await posted.orderBy('posted_at', 'desc').limit(limit).select('posting_day', 'posted_at')
      return rows.map((row) => ({ postingDay: row.posting_day, postedAt: row.posted_at }))
    },
    /** Runs in preparation that nobody works on. */
    abandoned: (now: Date) =>
      all(
        runs()
          .where({ state: 'collecting' })
          .whereNotNull('closed_at')
          .where((free) => free.whereNull('busy_until').orWhere('busy_until', '<=', now)),
      ),
  }
}
