import { insuranceNumberHashes } from '../../crypto/blind-index.ts'
import type { Protection } from '../../crypto/protection.ts'
import type { CalendarDay } from '../../domain/calendar.ts'
import { holdLock } from '../database/advisory-locks.ts'
import type { Database } from '../database/database.ts'
import { placeOf } from '../keys/protected-tables.ts'

/** Where a look at the register goes on. */
export type PersonCursor = { endedOn: CalendarDay; id: string }

type Row = { id: string; insurance_number: string; insurance_number_hash: string; ended_on: CalendarDay }

/** Creates the store of persons whom the insurer does not insure any more. */
export function createPersonEndStore(db: Database, { encryption, hash }: Protection) {
  return {
    /**
     * Deletes, of the next `limit` persons whose coverage or life ended before the day, those whom no account refers to, under any key of
     * the ring. `last` is null at the end. While an import writes the register it waits.
     */
    deleteEnded: (before: CalendarDay, after: PersonCursor | null, limit: number) =>
      db.transaction(async (trx): Promise<{ deleted: number; last: PersonCursor | null }> => {
        await holdLock(trx, 'register')
        const { rows }: { rows: Row[] } = await trx.raw(
          `select id, insurance_number, insurance_number_hash, least(deceased_on, coverage_to)::text as ended_on
           from insured_persons where (deceased_on is not null or coverage_to is not null)
             and least(deceased_on, coverage_to) < :before::date
             and (:id::uuid is null or (least(deceased_on, coverage_to), id) > (:endedOn::date, :id::uuid))
           order by least(deceased_on, coverage_to), id limit :limit`,
          { before, limit, id: after?.id ?? null, endedOn: after?.endedOn ?? null },
        )
        const numberOf = (row: Row) =>
          encryption.decrypt(row.insurance_number, placeOf('insured_persons', 'insurance_number', row))
        const hashesOf = new Map(rows.map((row) => [row, insuranceNumberHashes(hash, numberOf(row))]))
        const used = new Set(
          await trx('accounts')
            .whereIn('insurance_number_hash', [...hashesOf.values()].flat())
            .pluck('insurance_number_hash'),
        )
        const free = rows.filter((row) => !hashesOf.get(row)?.some((each) => used.has(each))).map(({ id }) => id)
        const deleted = await trx('insured_persons').whereIn('id', free).delete()
        const end = rows.at(-1)
        return { deleted, last: rows.length < limit || !end ? null : { endedOn: end.ended_on, id: end.id } }
      }),
  }
}
