import type { Knex } from 'knex'
import type { Protection } from '../../crypto/protection.ts'
import type { CalendarDay } from '../../domain/calendar.ts'
import type { LetterContentKind } from '../../domain/letters/purposes.ts'
import { type Database, onceOnly } from '../database/database.ts'
import { placeOf } from '../keys/protected-tables.ts'
import { envelope, type Letter, type LetterRow, readLetter } from './letters.ts'

/** What preparing a run decides about a letter. `code` stays readable only for a letter that is printed. */
export type Filling = {
  id: string
  /** Id on the paper, shared by the letters of one insurance number; `null` for what is not printed. */
  envelopeId: string | null
  content: LetterContentKind
  codeHash: string
  code: string | null
  addressHash: string | null
}

/** What a letter is before a run has decided about it. */
const unfilled = { envelope_id: null, content: null, code: null, code_hash: null, address_hash: null }

/** Creates the store of what a print run does with its letters, many at a time. */
export function createRunLetterStore(db: Database, protection: Protection) {
  const letters = () => db('unlock_letters')
  const toLetters = (rows: LetterRow[]) => rows.map((row) => readLetter(row, protection))
  const printable = (until: Date) =>
    letters().where({ state: 'requested' }).where('printable_from', '<=', until).whereNotNull('account_id')
  return {
    /** How many envelopes went to each of these numbers since `since`, by blind index, over all purposes and registrations. */
    async countEnvelopes(hashes: readonly string[], since: Date): Promise<Map<string, number>> {
      const rows: { insurance_number_hash: string; n: string }[] = await letters()
        .whereIn('insurance_number_hash', hashes)
        .where('printed_at', '>', since)
        .whereNot({ content: 'none' })
        .groupBy('insurance_number_hash')
        .select('insurance_number_hash', db.raw(`count(distinct ${envelope}) as n`))
      return new Map(rows.map((row) => [row.insurance_number_hash, Number(row.n)]))
    },
    /** The envelopes of these numbers in a run that is being filled, by blind index, with the letters that they hold. */
    async envelopesInRun(
      runId: string,
      hashes: readonly string[],
    ): Promise<Map<string, { envelopeId: string; letters: number }>> {
      const rows: { insurance_number_hash: string; envelope: string; n: string }[] = await letters()
        .where({ print_run_id: runId, state: 'prepared' })
        .whereIn('insurance_number_hash', hashes)
        .whereNot({ content: 'none' })
        .groupByRaw(`insurance_number_hash, ${envelope}`)
        .select('insurance_number_hash', db.raw(`${envelope} as envelope, count(*) as n`))
      return new Map(
        rows.map((row) => [row.insurance_number_hash, { envelopeId: row.envelope, letters: Number(row.n) }]),
      )
    },
    /** How many letters may be printed by a run whose cut-off is `until`. */
    countPrintable: async (until: Date) => Number((await printable(until).count('* as n').first())?.n ?? 0),
    countInRun: async (runId: string) =>
      Number((await letters().where({ print_run_id: runId }).count('* as n').first())?.n ?? 0),
    /**
     * Letters that were printable at the cut-off, those of one number side by side: where a run is full, the number decides, not
     * when or how often it was registered. Nothing is held yet; `without`: those that could not be claimed before.
     */
    findPrintable: async (
      until: Date,
      limit: number,
      without: readonly string[] = [],
    ): Promise<{ id: string; accountId: string }[]> =>
      await printable(until)
        .whereRaw('id <> all(?::uuid[])', [without as string[]])
        // As an expression: an index in that order would be walked through all that was ever printed.
        .orderByRaw("insurance_number_hash || '', id")
        .limit(limit)
        .select('id', 'account_id as accountId'),
    /**
     * Moves those of the letters into a run that are still printable and free, and with them all others of the numbers `hashes`:
     * they share an envelope. Parallel runs never share a letter.
     */
    async claim(runId: string, until: Date, ids: readonly string[], hashes: readonly string[] = []): Promise<Letter[]> {
      const others = await printable(until).whereIn('insurance_number_hash', hashes).pluck('id')
      const free = printable(until)
        .whereIn('id', [...new Set([...ids, ...others])])
        .forUpdate()
        .skipLocked()
        .select('id')
      const rows = await letters()
        .where(onceOnly(db, free))
        .where({ state: 'requested' })
        .update({ state: 'prepared', print_run_id: runId })
        .returning('*')
      return toLetters(rows)
    },
    /** Fixes content and code of letters in preparation. */
    async fill(fillings: readonly Filling[], now: Date): Promise<void> {
      if (fillings.length === 0) return
      const seal = ({ id, code }: Filling) =>
        code && protection.encryption.encrypt(code, placeOf('unlock_letters', 'code', { id }))
      await db.raw(
        `update unlock_letters set printed_at = ?, content = filled.content, code_hash = filled.code_hash, code = filled.code,
           address_hash = filled.address_hash, envelope_id = filled.envelope_id
         from unnest(?::uuid[], ?::uuid[], ?::text[], ?::text[], ?::text[], ?::text[])
           as filled (id, envelope_id, content, code_hash, code, address_hash)
         where unlock_letters.id = filled.id and unlock_letters.state = 'prepared'`,
        [
          now,
          fillings.map((filling) => filling.id),
          fillings.map((filling) => filling.envelopeId) as string[],
          fillings.map((filling) => filling.content),
          fillings.map((filling) => filling.codeHash),
          // knex knows no type for an array with gaps; the driver does.
          fillings.map((filling) => seal(filling)) as string[],
          fillings.map((filling) => filling.addressHash) as string[],
        ] as Knex.RawBinding[],
      )
    },
    /** Takes a letter out of its run again: it waits until then. */
    postpone: (id: string, printableFrom: Date) =>
      letters()
        .where({ id, state: 'prepared' })
        .update({
          state: 'requested',
          print_run_id: null,
          printed_at: null,
          printable_from: printableFrom,
          ...unfilled,
        }),
    /** The envelope cannot be printed: its letters live and end as ones that were not, and their codes are destroyed. */
    setAside: (envelopeId: string) =>
      letters()
        .whereRaw(`${envelope} = ?`, [envelopeId])
        .where({ state: 'prepared' })
        .update({ content: 'none', code: null }),
    /** Takes letters of a prepared run out of their envelopes: they live and end as ones that were not printed. */
    withhold: (ids: readonly string[]) =>
      letters()
        .whereIn('id', ids)
        .where({ state: 'prepared' })
        .update({ content: 'none', code: null, address_hash: null }),
    /** Notes the address that is printed on a letter of a prepared run. */
    readdress: (id: string, addressHash: string) =>
      letters().where({ id, state: 'prepared' }).update({ address_hash: addressHash }),
    /** The letters of the next envelopes of a run, in the order of the run; `after`: id of the last envelope seen. */
    page: async (runId: string, after: string | null, limit: number) => {
      const printed = () => letters().where({ print_run_id: runId, state: 'prepared' }).whereNot({ content: 'none' })
      const next = printed()
        .modify((query) => after && query.whereRaw(`${envelope} > ?`, [after]))
        .distinct(db.raw(`${envelope} as envelope`))
        .orderBy('envelope')
        .limit(limit)
      return toLetters(
        await printed()
          .whereRaw(`${envelope} in (select envelope from (?) as next)`, [next])
          .orderByRaw(`${envelope}, requested_at, id`),
      )
    },
    findByRun: async (runId: string) => toLetters(await letters().where({ print_run_id: runId }).orderBy('id')),
    /** The run is posted: the 30 days begin, the plain codes are destroyed, and its members are to be told. */
    markPosted: (runId: string, postedOn: CalendarDay, lastDay: CalendarDay) =>
      letters()
        .where({ print_run_id: runId, state: 'prepared' })
        .update({ state: 'posted', posted_on: postedOn, last_day: lastDay, code: null, untold: true }),
    /** Claims posted letters whose members have not been told. */
    async claimUntold(runId: string, limit: number): Promise<Letter[]> {
      const due = letters()
        .where({ print_run_id: runId, untold: true })
        .limit(limit)
        .forUpdate()
        .skipLocked()
        .select('id')
      return toLetters(
        await letters().where(onceOnly(db, due)).where({ untold: true }).update({ untold: false }).returning('*'),
      )
    },
    /** Runs that have members left to tell. */
    runsWithUntold: async (): Promise<string[]> =>
      (await letters().where({ untold: true }).distinct('print_run_id')).map((row) => row.print_run_id),
    /** The run is cancelled: its letters wait for the next one, their codes are destroyed. */
    returnFromRun: (runId: string) =>
      letters()
        .where({ print_run_id: runId, state: 'prepared' })
        .update({
          state: 'requested',
          print_run_id: null,
          printed_at: null,
          ...unfilled,
        }),
  }
}
