import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { from as copyFrom } from 'pg-copy-streams'
import { canCopy, type Database } from './database.ts'

type Value = string | number | boolean | Date | null | readonly string[]

/** Columns with their PostgreSQL types, in the order of the rows' values. */
export type LoadedColumns = Readonly<Record<string, string>>

/**
 * Loads rows into a table within a transaction: by COPY, and into the embedded database by one insert, because its socket
 * takes no COPY (docs/decisions/0011). Days are ISO dates.
 */
export async function loadRows(trx: Database, table: string, columns: LoadedColumns, rows: Value[][]): Promise<void> {
  if (rows.length === 0) return
  if (!canCopy(trx)) return await insertRows(trx, table, columns, rows)
  const connection = await trx.client.acquireConnection()
  try {
    const sink = connection.query(copyFrom(`copy ${table} (${Object.keys(columns).join(', ')}) from stdin`))
    await pipeline(Readable.from([rows.map(lineOf).join('')]), sink)
  } finally {
    await trx.client.releaseConnection(connection)
  }
}

/** The text format of COPY (PostgreSQL documentation, COPY, "Text Format"). */
const lineOf = (row: Value[]) => `${row.map((value) => escapeText(textOf(value) ?? undefined)).join('\t')}\n`

const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }

const escapeText = (text: string | undefined) =>
  text === undefined
    ? '\\N'
    : /[\\\t\n\r]/.test(text)
      ? text.replace(/[\\\t\n\r]/g, (each) => escapes[each] ?? each)
      : text

/** Lists hold hashes and key ids only, which need no quotes. */
function textOf(value: Value): string | null {
  if (typeof value === 'string' || value === null) return value
  if (Array.isArray(value)) return `{${value.join(',')}}`
  return value instanceof Date ? value.toISOString() : String(value)
}

async function insertRows(trx: Database, table: string, columns: LoadedColumns, rows: Value[][]): Promise<void> {
  const names = Object.keys(columns)
  const casts = Object.entries(columns).map(([name, type]) => `${name}::${type}`)
  const values = names.map((_, index) => rows.map((row) => textOf(row[index] ?? null)))
  await trx.raw(
    `insert into ${table} (${names.join(', ')}) select ${casts.join(', ')}
     from unnest(${names.map(() => '?::text[]').join(', ')}) as v (${names.join(', ')})`,
    // knex's types know arrays of strings only; node-postgres sends null as NULL.
    values as string[][],
  )
}
