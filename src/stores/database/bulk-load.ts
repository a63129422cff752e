import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { from as copyFrom } from 'pg-copy-streams'
import { valuesOfLine } from './copy-lines.ts'
import { canCopy, type Database } from './database.ts'

/** Columns with their PostgreSQL types, in the order of the values in a line. */
export type LoadedColumns = Readonly<Record<string, string>>

/**
 * Loads lines of the text format of COPY (`copyLine`) into a table within a transaction: by COPY, and into the embedded database by one
 * insert, because its socket takes no COPY (docs/decisions/0011).
 */
export async function loadLines(
  trx: Database,
  table: string,
  columns: LoadedColumns,
  lines: readonly string[],
): Promise<void> {
  if (lines.length === 0) return
  if (!canCopy(trx)) return await insertLines(trx, table, columns, lines)
  const connection = await trx.client.acquireConnection()
  try {
    const sink = connection.query(copyFrom(`copy ${table} (${Object.keys(columns).join(', ')}) from stdin`))
    await pipeline(Readable.from([lines.join('')]), sink)
  } finally {
    await trx.client.releaseConnection(connection)
  }
}

async function insertLines(
  trx: Database,
  table: string,
  columns: LoadedColumns,
  lines: readonly string[],
): Promise<void> {
  const names = Object.keys(columns)
  const casts = Object.entries(columns).map(([name, type]) => `${name}::${type}`)
  const rows = lines.map(valuesOfLine)
  const values = names.map((_, index) => rows.map((row) => row[index] ?? null))
  await trx.raw(
    `insert into ${table} (${names.join(', ')}) select ${casts.join(', ')}
     from unnest(${names.map(() => '?::text[]').join(', ')}) as v (${names.join(', ')})`,
    // knex's types know arrays of strings only; node-postgres sends null as NULL.
    values as string[][],
  )
}
