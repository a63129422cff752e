import { deleteSome } from '../database/clean-up.ts'
import type { Database } from '../database/database.ts'
import { writerOf } from '../database/writes.ts'

/** One counter: points used, and when it ends in milliseconds since the epoch. */
export type Counter = { points: number; expire: number | null }

type Row = { points: number; expire: string | number | null }

const toCounter = ({ points, expire }: Row): Counter => ({ points, expire: expire === null ? null : Number(expire) })

/** Creates the store of counters: each change is one statement, so that requests at once never lose a count. */
export function createRateLimitStore(db: Database) {
  const find = createReads(db)
  return {
    /** Adds points; a counter that has ended, or `force`, starts anew. Times in milliseconds. */
    async add(key: string, points: number, now: number, expire: number | null, force: boolean): Promise<Counter> {
      const [row] = await writerOf(db)(
        db.raw(
          `insert into rate_limits as r (key, points, expire) values (:key, :points, :expire)
           on conflict (key) do update set
             points = case when r.expire <= :now or :force then excluded.points else r.points + excluded.points end,
             expire = case when r.expire <= :now or :force then excluded.expire else r.expire end
           returning points, expire`,
          { key, points, now, expire, force },
        ),
      )
      return toCounter(row as Row)
    },
    async get(key: string, now: number): Promise<Counter | null> {
      const counter = await find(key)
      return counter && (counter.expire === null || counter.expire > now) ? counter : null
    },
    /** Takes one point back, unless the counter has ended or has none: a new one would begin with a use too many. */
    async takeBack(key: string, now: number): Promise<void> {
      await db('rate_limits')
        .where({ key })
        .where('points', '>', 0)
        .where((expiry) => expiry.whereNull('expire').orWhere('expire', '>', now))
        .decrement('points')
    },
    remove: async (key: string) => (await db('rate_limits').where({ key }).delete()) > 0,
    /** Forgets every counter (the development clock was set back). */
    deleteAll: async () => void (await db('rate_limits').delete()),
    deleteEnded: (now: number) =>
      deleteSome(db, 'rate_limits', (rows) => rows.where('expire', '<', now).orderBy('expire')),
  }
}

/** Reads counters: those that are asked for in one turn of the event loop in one statement. */
function createReads(db: Database): (key: string) => Promise<Counter | undefined> {
  let asked: string[] = []
  let answer: Promise<Map<string, Counter>> | undefined
  const read = async () => {
    await new Promise((resolve) => setImmediate(resolve))
    const keys = asked
    asked = []
    answer = undefined
    const rows = await db('rate_limits').whereRaw('key = any(?::text[])', [keys]).select('key', 'points', 'expire')
    return new Map<string, Counter>(rows.map((row) => [row.key, toCounter(row)]))
  }
  return async (key) => {
    asked.push(key)
    answer ??= read()
    return (await answer).get(key)
  }
}
