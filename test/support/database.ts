import { join } from 'node:path'
import pg from 'pg'
import type { TestApp } from './app.ts'

/** Asks the embedded database of a running application, through the socket in its data folder. */
export async function ask<T extends pg.QueryResultRow>(
  app: TestApp,
  sql: string,
  values: unknown[] = [],
): Promise<T[]> {
  const client = new pg.Client({ host: join(app.dataDir, 'run'), user: 'postgres', database: 'postgres' })
  await client.connect()
  try {
    return (await client.query<T>(sql, values)).rows
  } finally {
    await client.end()
  }
}
