import { deleteSome } from '../database/clean-up.ts'
import type { Database } from '../database/database.ts'

/** One counter: points used, and when it ends in milliseconds since the epoch. */
export type Counter = { points: number; expire: number | null }

/** Creates the store of counters: each change is one statement, so that requests at once never lose a count. */
export function createRateLimitStore(db: Database) {
  const read = (row: { points: number; expire: string | null } | undefined): Counter | null =>
    row ? { points: row.points, expire: row.expire === null ? null : Number(row.expire) } : null
  return {
    /** Adds points; a counter that has ended, or `force`, starts anew. Times in milliseconds. */
    async add(key: string, points: number, now: number, expire: number | null, force: boolean): Promise<Counter> {
      const { rows } = await db.raw(
        `insert into rate_limits as r (key, points, expire) values (:key, :points, :expire)
         on conflict (key) do update set
           points = case when r.expire <= :now or :force then excluded.points else r.points + excluded.points end,
           expire = case when r.expire <= :now or :force then excluded.expire else r.expire end
         returning points, expire`,
        { key, points, now, expire, force },
      )
      return read(rows[0]) as Counter
    },
    get: async (key: string, now: number) =>
      read(
        await db('rate_limits')
          .where({ key })
          .where((expiry) => expiry.whereNull('expire').orWhere('expire', '>', now))
          .first('points', 'expire'),
      ),
    remove: async (key: string) => (await db('rate_limits').where({ key }).delete()) > 0,
    /** Forgets every counter (the development clock was set back). */
    deleteAll: async () => void (await db('rate_limits').delete()),
    deleteEnded: (now: number) =>
      deleteSome(db, 'rate_limits', (rows) => rows.where('expire', '<', now).orderBy('expire')),
  }
}
