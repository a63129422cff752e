import type { CalendarDay } from '../../domain/calendar.ts'
import type { Database } from '../database/database.ts'

/** Creates the look for accounts that the register may have overtaken, page by page at any size, without opening one. */
export function createCoverageCandidateStore(db: Database) {
  return {
    /**
     * Looks at the next `limit` active accounts after an id: those whose person the register does not know (under this index), has died, has
     * a guardian, moved to another insurer, or was covered to `coveredTo` at most. `last` is null at the end.
     */
    async next(
      coveredTo: CalendarDay,
      after: string | null,
      limit: number,
    ): Promise<{ candidates: string[]; last: string | null }> {
      const { rows } = await db.raw(
        `with page as (
           select id, insurance_number_hash, insurer_number from accounts
           where state = 'active' and (?::uuid is null or id > ?::uuid) order by id limit ?
         )
         select page.id, person.insurance_number_hash is null or person.deceased_on is not null
           or person.guardian_consent_required or person.insurer_number <> page.insurer_number
           or person.coverage_to <= ?::date as due
         from page left join insured_persons person using (insurance_number_hash) order by page.id`,
        [after, after, limit, coveredTo],
      )
      const candidates = rows.filter((row: { due: boolean | null }) => row.due).map((row: { id: string }) => row.id)
      return { candidates, last: rows.length < limit ? null : rows.at(-1).id }
    },
  }
}
