import type { Database } from '../database/database.ts'
import type { ProtectedTable, RowKey } from './protected-tables.ts'

/** A row with its key as text; `number:<column>` and `owner:<column>`: the number behind a blind index, and whose it is. */
export type ProtectedRow = Record<string, string | null>

/** Reads the primary key of a row. */
export const keyOf = (spec: ProtectedTable, row: ProtectedRow): RowKey =>
  Object.fromEntries(Object.keys(spec.key).map((column) => [column, String(row[column])]))

/** Lists the columns of a table that a key writes and that are rewritten. */
export const columnsOf = ({ sealed, hashed = {} }: ProtectedTable) => [...sealed, ...Object.keys(hashed)]

/** Reads the next page of a table in the order of its key; `cursor`: the last row of the page before, `more`: further columns. */
export async function readPage<Row = ProtectedRow>(
  trx: Database,
  spec: ProtectedTable,
  cursor: RowKey | null,
  more: readonly string[] = [],
): Promise<Row[]> {
  const keys = Object.keys(spec.key)
  const numbers = Object.entries(spec.hashed ?? {}).flatMap(([column, { number }]) => [
    `${number.sql} as "number:${column}"`,
    `${number.id}::text as "owner:${column}"`,
  ])
  const columns = [
    ...keys.map((key) => `t.${key}::text as ${key}`),
    ...[...columnsOf(spec), ...more].map((column) => `t.${column}`),
    ...numbers,
  ]
  const after = `(${keys.map((key) => `t.${key}`).join(', ')}) > (${keys.map((key) => `?::${spec.key[key]}`).join(', ')})`
  const { rows } = await trx.raw(
    `select ${columns.join(', ')} from ${spec.table} t ${cursor ? `where ${after}` : ''}
     order by ${keys.map((key) => `t.${key}`).join(', ')} limit ${spec.pageSize}`,
    cursor ? keys.map((key) => cursor[key] ?? '') : [],
  )
  return rows
}
