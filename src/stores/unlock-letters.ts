import type { CalendarDay } from '../domain/calendar.ts'
import { deleteSome } from './clean-up.ts'
import { type Database, onceOnly } from './database.ts'
import type { Protection } from './protection.ts'

/**
 * What a letter was asked for. `unlock_code`: what goes into the envelope is decided when its run is prepared. A further
 * purpose needs its word here, its decision in `services/letter-contents.ts` and its text in `gateways/letter-pdf`.
 */
export type LetterPurpose = 'unlock_code'

/** What the envelope holds. `none`: the number did not match; the row lives and ends as if a letter had gone out. */
export type LetterContentKind = 'unlock_code' | 'account_exists' | 'none'

export type UnlockLetter = {
  id: string
  accountId: string | null
  insuranceNumberHash: string
  purpose: LetterPurpose
  state: 'requested' | 'prepared' | 'posted' | 'ended'
  content: LetterContentKind | null
  requestedAt: Date
  /** From when the limits allow it to be printed. */
  printableFrom: Date
  postedOn: CalendarDay | null
  lastDay: CalendarDay | null
  codeHash: string | null
  /** Plain code of 12 characters, only while the run is prepared. */
  code: string | null
}

type Row = {
  id: string
  account_id: string | null
  insurance_number_hash: string
  purpose: LetterPurpose
  state: UnlockLetter['state']
  content: LetterContentKind | null
  requested_at: Date
  printable_from: Date
  posted_on: CalendarDay | null
  last_day: CalendarDay | null
  code_hash: string | null
  code: string | null
}

/** Creates the store of letters with unlock codes. */
export function createUnlockLetterStore(db: Database, { encryption }: Protection) {
  const letters = () => db('unlock_letters')
  const toLetter = (row: Row): UnlockLetter => ({
    id: row.id,
    accountId: row.account_id,
    insuranceNumberHash: row.insurance_number_hash,
    purpose: row.purpose,
    state: row.state,
    content: row.content,
    requestedAt: row.requested_at,
    printableFrom: row.printable_from,
    postedOn: row.posted_on,
    lastDay: row.last_day,
    codeHash: row.code_hash,
    code: row.code ? encryption.decrypt(row.code, 'unlock_letters.code') : null,
  })
  return {
    /** Holds everything about one number until the transaction ends; `hashes` under every key, in one order for all. */
    async lockNumber(hashes: readonly string[]): Promise<void> {
      for (const hash of [...hashes].sort())
        await db.raw('select pg_advisory_xact_lock(hashtextextended(?, 1))', [hash])
    },
    /**
     * When letters of this number entered a run since `since`, over all purposes and registrations. Letters that only
     * wait do not count: nobody can push a member's letter away by registering again and again.
     */
    printTimes: async (hashes: readonly string[], since: Date): Promise<Date[]> =>
      (
        await letters()
          .whereIn('insurance_number_hash', hashes)
          .where('printed_at', '>', since)
          .orderBy('printed_at')
          .select('printed_at')
      ).map((row) => row.printed_at),
    request: (
      letter: Pick<UnlockLetter, 'id' | 'accountId' | 'insuranceNumberHash' | 'requestedAt' | 'printableFrom'>,
    ) =>
      letters().insert({
        id: letter.id,
        account_id: letter.accountId,
        insurance_number_hash: letter.insuranceNumberHash,
        requested_at: letter.requestedAt,
        printable_from: letter.printableFrom,
        state: 'requested',
      }),
    /** The letter that is on its way to be posted, if any. */
    findWaiting: async (accountId: string) => {
      const row = await letters()
        .where({ account_id: accountId })
        .whereIn('state', ['requested', 'prepared'])
        .orderBy('printable_from', 'desc')
        .first()
      return row ? toLetter(row) : null
    },
    /** Posted letters whose code can still be entered on `today`, newest first. Older ones count too: letters cross in the post. */
    findUsable: async (accountId: string, today: CalendarDay) =>
      (
        await letters()
          .where({ account_id: accountId, state: 'posted', consumed_at: null })
          .where('last_day', '>=', today)
          .orderBy('posted_on', 'desc')
          .orderBy('requested_at', 'desc')
      ).map(toLetter),
    /** Whether a letter waits that may be printed now. */
    anyPrintable: async (now: Date) =>
      (await letters()
        .where({ state: 'requested' })
        .where('printable_from', '<=', now)
        .whereNotNull('account_id')
        .orderBy('printable_from')
        .first('id')) !== undefined,
    /** Moves letters that may be printed now into a run. Parallel runs never share one. */
    async claimForRun(runId: string, now: Date, limit: number): Promise<UnlockLetter[]> {
      const due = letters()
        .where({ state: 'requested' })
        .where('printable_from', '<=', now)
        .whereNotNull('account_id')
        .orderBy('printable_from')
        .limit(limit)
        .forUpdate()
        .skipLocked()
        .select('id')
      const rows = await letters()
        .where(onceOnly(db, due))
        .where({ state: 'requested' })
        .update({ state: 'prepared', print_run_id: runId })
        .returning('*')
      return rows.map(toLetter)
    },
    /** Fixes content and code of a letter in preparation; `code` stays readable only for a letter that is printed. */
    fill: (id: string, filling: { content: LetterContentKind; codeHash: string; code: string | null }, now: Date) =>
      letters()
        .where({ id, state: 'prepared' })
        .update({
          printed_at: now,
          content: filling.content,
          code_hash: filling.codeHash,
          code: filling.code ? encryption.encrypt(filling.code, 'unlock_letters.code') : null,
        }),
    /** The letter cannot be printed: it lives and ends as one that was not, and its code is destroyed. */
    setAside: (id: string) => letters().where({ id, state: 'prepared' }).update({ content: 'none', code: null }),
    find: async (id: string) => {
      const row = await letters().where({ id }).first()
      return row ? toLetter(row) : null
    },
    findByRun: async (runId: string) =>
      (await letters().where({ print_run_id: runId }).orderBy('id')).map((row) => toLetter(row)),
    /** The run is posted: the 30 days begin and the plain codes are destroyed. */
    markRunPosted: (runId: string, postedOn: CalendarDay, lastDay: CalendarDay) =>
      letters()
        .where({ print_run_id: runId, state: 'prepared' })
        .update({ state: 'posted', posted_on: postedOn, last_day: lastDay, code: null }),
    /** The run is cancelled: its letters wait for the next one, their codes are destroyed. */
    returnFromRun: (runId: string) =>
      letters().where({ print_run_id: runId, state: 'prepared' }).update({
        state: 'requested',
        print_run_id: null,
        printed_at: null,
        content: null,
        code: null,
        code_hash: null,
      }),
    /** Takes a letter out of its run again: its number has had one in between. */
    postpone: (id: string, printableFrom: Date) =>
      letters().where({ id, state: 'prepared' }).update({
        state: 'requested',
        print_run_id: null,
        printed_at: null,
        printable_from: printableFrom,
      }),
    /** Uses a code up; `false` when it was used before. */
    async consume(id: string, now: Date): Promise<boolean> {
      return (
        (await letters()
          .where({ id, state: 'posted', consumed_at: null })
          .update({ consumed_at: now, state: 'ended', code_hash: null })) === 1
      )
    },
    /** The first code used ends the others, printed or not. */
    endOthers: (accountId: string, exceptId: string) =>
      letters()
        .where({ account_id: accountId })
        .whereNot({ id: exceptId })
        .whereNot({ state: 'ended' })
        .update({ state: 'ended', code: null, code_hash: null }),
    /** Claims the codes to be reminded of: alive, last day on or before `day`, not reminded. */
    async claimReminders(day: CalendarDay, today: CalendarDay, now: Date, limit: number): Promise<UnlockLetter[]> {
      const due = letters()
        .where({ state: 'posted', reminded_at: null })
        .where('last_day', '<=', day)
        .where('last_day', '>=', today)
        .whereNotNull('account_id')
        .limit(limit)
        .forUpdate()
        .skipLocked()
        .select('id')
      const rows = await letters()
        .where(onceOnly(db, due))
        .where({ reminded_at: null })
        .update({ reminded_at: now })
        .returning('*')
      return rows.map(toLetter)
    },
    /** Forgets letters of deleted registrations that no limit counts any more. */
    deleteOrphans: (printableBefore: Date) =>
      deleteSome(db, 'unlock_letters', (rows) =>
        rows
          .whereNull('account_id')
          .where((gone) => gone.where('state', 'requested').orWhere('printable_from', '<', printableBefore))
          .orderBy('printable_from'),
      ),
  }
}
