import { join } from 'node:path'
import pg from 'pg'
import type { TestApp } from '../app.ts'
import { waitFor } from '../wait.ts'

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
  const client = new pg.Client({ connectionString })
  await client.connect()
  await client.query('begin')
  await client.query(statement)
  return {
    /** Waits until `count` connections wait, for this lock or for one that waits for it. */
    awaitWaiting: (count: number) =>
      waitFor(async () => {
        // Connections that came after the last look count, too.
        await client.query('select pg_stat_clear_snapshot()')
        const sql = `select count(*)::int as waiting from pg_stat_activity
                      where datname = current_database() and wait_event_type = 'Lock'`
        return (await client.query(sql)).rows[0].waiting >= count
      }),
    release: () => client.end(),
  }
}
