import type { Protection } from '../../crypto/protection.ts'
import type { CalendarDay } from '../../domain/calendar.ts'
import type { LetterContentKind, LetterPurpose } from '../../domain/letters/purposes.ts'
import { holdNumbers } from '../database/advisory-locks.ts'
import { deleteSome } from '../database/clean-up.ts'
import { type Database, onceOnly } from '../database/database.ts'
import { placeOf } from '../keys/protected-tables.ts'

/** A letter of any purpose (`domain/letters/purposes.ts`); most bring an unlock code. */
export type Letter = {
  id: string
  /** On the paper: letters of one insurance number and run share an envelope. */
  envelopeId: string
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
  /** Keyed hash of the address on the envelope. */
  addressHash: string | null
  /** When it came back. */
  returnedAt: Date | null
}

/** What becomes of a letter, without its content. */
export type LetterWay = Pick<
  Letter,
  'purpose' | 'state' | 'requestedAt' | 'printableFrom' | 'postedOn' | 'lastDay' | 'returnedAt'
> & { printedAt: Date | null; usedAt: Date | null }

export type LetterRow = {
  id: string
  envelope_id: string | null
  account_id: string | null
  insurance_number_hash: string
  purpose: LetterPurpose
  state: Letter['state']
  content: LetterContentKind | null
  requested_at: Date
  printable_from: Date
  posted_on: CalendarDay | null
  last_day: CalendarDay | null
  code_hash: string | null
  code: string | null
  address_hash: string | null
  returned_at: Date | null
}

/** Reads a letter from its row. */
export function readLetter(row: LetterRow, { encryption }: Protection): Letter {
  return {
    id: row.id,
    envelopeId: row.envelope_id ?? row.id,
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
    code: row.code ? encryption.decrypt(row.code, placeOf('unlock_letters', 'code', row)) : null,
    addressHash: row.address_hash,
    returnedAt: row.returned_at,
  }
}

/** What stands on the paper; the index `unlock_letters_envelope` is on these words. */
export const envelope = 'coalesce(envelope_id, id)'

/**
 * Creates the store of letters; what a print run does with them is in `run-letters.ts`. What is asked about an account is asked
 * about its unlock codes, unless another purpose is named: a code of one purpose opens nothing of another.
 */
export function createLetterStore(db: Database, protection: Protection) {
  const letters = () => db('unlock_letters')
  const toLetter = (row: LetterRow) => readLetter(row, protection)
  return {
    /** Holds everything about one number until the transaction ends; `hashes` under every key, in one order for all. */
    lockNumber: (hashes: readonly string[]) => holdNumbers(db, hashes),
    /** When letters of this account entered a run since `since`. What others do is not asked. */
    printTimes: async (accountId: string, since: Date, purpose: LetterPurpose = 'unlock_code'): Promise<Date[]> =>
      (
        await letters()
          .where({ account_id: accountId, purpose })
          .where('printed_at', '>', since)
          .orderBy('printed_at')
          .select('printed_at')
      ).map((row) => row.printed_at),
    request: (
      letter: Pick<Letter, 'id' | 'accountId' | 'insuranceNumberHash' | 'requestedAt' | 'printableFrom'> & {
        purpose?: LetterPurpose
      },
    ) =>
      letters().insert({
        id: letter.id,
        account_id: letter.accountId,
        insurance_number_hash: letter.insuranceNumberHash,
        requested_at: letter.requestedAt,
        printable_from: letter.printableFrom,
        purpose: letter.purpose ?? 'unlock_code',
        state: 'requested',
      }),
    /** The letter that is on its way to be posted, if any. */
    findWaiting: async (accountId: string, purpose: LetterPurpose = 'unlock_code') => {
      const row = await letters()
        .where({ account_id: accountId, purpose })
        .whereIn('state', ['requested', 'prepared'])
        .orderBy('printable_from', 'desc')
        .first()
      return row ? toLetter(row) : null
    },
    /** Posted letters whose code can still be entered on `today`, newest first. Older ones count too: letters cross in the post. */
    findUsable: async (accountId: string, today: CalendarDay, purpose: LetterPurpose = 'unlock_code') =>
      (
        await letters()
          .where({ account_id: accountId, purpose, state: 'posted', consumed_at: null })
          .where('last_day', '>=', today)
          .orderBy('posted_on', 'desc')
          .orderBy('requested_at', 'desc')
      ).map(toLetter),
    /** Where each letter of an account is, the newest first; what is printed in it, or whether anything, is not asked. */
    async wayOf(accountId: string, limit: number): Promise<LetterWay[]> {
      const rows = await letters()
        .where({ account_id: accountId })
        .orderBy('requested_at', 'desc')
        .orderBy('id')
        .limit(limit)
        .select('purpose', 'state', 'requested_at', 'printable_from', 'printed_at', 'posted_on', 'last_day')
        .select('returned_at', 'consumed_at')
      return rows.map((row) => ({
        ...{ purpose: row.purpose, state: row.state, requestedAt: row.requested_at },
        ...{ printableFrom: row.printable_from, printedAt: row.printed_at, postedOn: row.posted_on },
        ...{ lastDay: row.last_day, returnedAt: row.returned_at, usedAt: row.consumed_at },
      }))
    },
    find: async (id: string) => {
      const row = await letters().where({ id }).first()
      return row ? toLetter(row) : null
    },
    /** The letters of an envelope, as its id stands on the paper. */
    findInEnvelope: async (envelopeId: string) =>
      (await letters().whereRaw(`${envelope} = ?`, [envelopeId])).map(toLetter),
    /** The ids on the paper that lie in the range, two at most: more than one is a beginning that is too short. */
    findEnvelopesBetween: async ({ first, last }: { first: string; last: string }): Promise<string[]> =>
      (
        await letters()
          .whereRaw(`${envelope} between ? and ?`, [first, last])
          .distinct(db.raw(`${envelope} as envelope`))
          .limit(2)
      ).map((row) => row.envelope),
    /** A posted letter came back: `codeHash` of a code that nobody has takes the place of its own. `false` when it did before. */
    markReturned: async (id: string, codeHash: string, now: Date) =>
      (await letters()
        .where({ id, returned_at: null })
        .whereNotNull('posted_on')
        .whereNot({ content: 'none' })
        .update({
          returned_at: now,
          code_hash: db.raw("case when state = 'posted' then ? end", [codeHash]),
        })) === 1,
    /** Uses a code up; `false` when it was used before, or its letter came back. */
    async consume(id: string, now: Date): Promise<boolean> {
      return (
        (await letters()
          .where({ id, state: 'posted', consumed_at: null, returned_at: null })
          .update({ consumed_at: now, state: 'ended', code_hash: null })) === 1
      )
    },
    /**
     * Stops the printed letters of an envelope that was damaged or lost, or that a cancelled run has left behind: their codes
     * are destroyed. Answers those that could be stopped.
     */
    async stopPrinted(envelopeId: string): Promise<Letter[]> {
      const printed = db('print_runs').whereIn('state', ['prepared', 'released', 'posted', 'cancelled']).select('id')
      const rows = await letters()
        .whereRaw(`${envelope} = ?`, [envelopeId])
        .where({ consumed_at: null })
        .whereIn('state', ['prepared', 'posted'])
        .whereIn('print_run_id', printed)
        .update({ state: 'ended', code: null, code_hash: null })
        .returning('*')
      return rows.map(toLetter)
    },
    /** The first code used ends the others, printed or not. */
    endOthers: (accountId: string, exceptId: string, purpose: LetterPurpose = 'unlock_code') =>
      letters()
        .where({ account_id: accountId, purpose })
        .whereNot({ id: exceptId })
        .whereNot({ state: 'ended' })
        .update({ state: 'ended', code: null, code_hash: null }),
    /** Claims the codes to be reminded of: alive, last day on or before `day`, not reminded. */
    async claimReminders(day: CalendarDay, today: CalendarDay, now: Date, limit: number): Promise<Letter[]> {
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
