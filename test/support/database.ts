import { join } from 'node:path'
import pg from 'pg'
import type { TestApp } from './app.ts'

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
