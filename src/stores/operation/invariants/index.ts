import type { Database } from '../../database/database.ts'
import { accountInvariants } from './accounts.ts'
import type { Invariant, InvariantMoment } from './invariant.ts'
import { letterInvariants } from './letters.ts'
import { operationInvariants } from './operation.ts'

export { type InvariantMoment, momentOf } from './invariant.ts'

/** Everything that always holds in the database. */
export const invariants: readonly Invariant[] = [...accountInvariants, ...letterInvariants, ...operationInvariants]

/** How many rows break an invariant, with up to five of their ids. */
export type InvariantResult = { invariant: Invariant; broken: number; ids: string[] }

export type InvariantStore = ReturnType<typeof createInvariantStore>

/** Creates the store that looks whether the invariants hold; it reads only. */
export function createInvariantStore(db: Database) {
  return {
    async check(invariant: Invariant, moment: InvariantMoment): Promise<InvariantResult> {
      const { rows } = await db.raw(
        `with broken as (${invariant.broken})
        select count(*)::int as broken, (array_agg(id::text order by id::text))[1:5] as ids from broken`,
        { ...moment },
      )
      return { invariant, broken: rows[0].broken, ids: rows[0].ids ?? [] }
    },
  }
}
