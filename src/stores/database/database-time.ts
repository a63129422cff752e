import type { Database } from './database.ts'

/** Tells the time by the clock of the database. */
export async function databaseTime(db: Database): Promise<Date> {
  const { rows } = await db.raw('select clock_timestamp() as now')
  return rows[0].now
}
