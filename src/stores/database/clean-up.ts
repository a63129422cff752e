import type { Knex } from 'knex'
import type { Database } from './database.ts'

/** Rows per statement of a clean-up: it must end within the limit on statements, whatever an outage has left behind. */
export const cleanUpBatch = 2000

/**
 * Deletes at most `limit` of the rows that `due` chooses, and tells how many; the order says which index is read. Safe to
 * run in parallel: a row that another statement holds is left to it.
 */
export const deleteSome = (
  db: Database,
  table: string,
  due: (rows: Knex.QueryBuilder) => Knex.QueryBuilder,
  limit = cleanUpBatch,
): Promise<number> =>
  db(table)
    .whereRaw('ctid = any(array(?))', [due(db(table)).limit(limit).forUpdate().skipLocked().select('ctid')])
    .delete()
