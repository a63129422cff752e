import { join } from 'node:path'
import pg from 'pg'
import type { TestApp } from './app.ts'
import { waitFor } from './wait.ts'

/** Asks the database of a running application; the embedded one through the socket in its data folder. */
export async function ask<T extends pg.QueryResultRow>(
  app: TestApp,
  sql: string,
  values: unknown[] = [],
): Promise<T[]> {
  const { DATABASE_URL: connectionString } = app.storage
  const embedded = { host: join(app.dataDir, 'run'), user: 'postgres', database: 'postgres' }
  const client = new pg.Client(connectionString ? { connectionString } : embedded)
  await client.connect()
  try {
    return (await client.query<T>(sql, values)).rows
  } finally {
    await client.end()
  }
}

/** Holds what a statement locks until `release`, on a server; `lock table … in exclusive mode` lets others read. */
export async function holdLock(connectionString: string | undefined, statement: string) {
  // One looks while the other holds: within a transaction the list of the waiting does not change.
  const [holder, watcher] = [new pg.Client({ connectionString }), new pg.Client({ connectionString })]
  await Promise.all([holder.connect(), watcher.connect()])
  await holder.query('begin')
  await holder.query(statement)
  return {
    /** Waits until `count` connections wait, for this lock or for one that waits for it. */
    awaitWaiting: (count: number) =>
      waitFor(async () => {
        const sql = `select count(*)::int as waiting from pg_stat_activity
                      where datname = current_database() and wait_event_type = 'Lock'`
        return (await watcher.query(sql)).rows[0].waiting >= count
      }),
    release: () => Promise.all([holder.end(), watcher.end()]),
  }
}
