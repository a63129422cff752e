import type { CalendarDay } from '../../domain/calendar.ts'
import type { Database } from '../database/database.ts'
import { type ProtectedTable, protectedTables } from './protected-tables.ts'

export type DataRing = 'encryption' | 'hash'

/** How many values of a column a key has written. Of large tables a sample is counted: then `estimated`. */
export type KeyUsage = {
  ring: DataRing
  kid: string
  table: string
  column: string
  values: number
  estimated: boolean
  /** Values that end by themselves; they keep the key needed until then. */
  passing: boolean
}

/** Rows up to which a table is counted, and about how many rows of a larger one are looked at. */
const sampleSize = 20_000

/** `kid`: SQL that reads the id of the key from a value. */
type Column = { ring: DataRing; table: string; column: string; kid: string; passing: boolean; condition: string }

const plain = (ring: DataRing, table: string, column: string, condition: string): Column => ({
  ring,
  table,
  column,
  kid: `split_part(t.${column}, '.', 1)`,
  passing: false,
  condition,
})

/** The id stands in front of the bytes, after its length. */
const kidOfBytes = (column: string) =>
  `convert_from(substring(t.${column} from 2 for get_byte(t.${column}, 0)), 'UTF8')`

const not = (condition: string | undefined) => (condition ? `not (${condition})` : 'true')

function columnsOf({ table, sealed, hashed = {}, passing = {} }: ProtectedTable): Column[] {
  const neededWhile = (column: string) => passing[column]?.neededWhile
  return [
    ...sealed.map((column) => plain('encryption', table, column, 'true')),
    // Where a hash is rewritten in some rows and ends by itself in others, each row counts once.
    ...Object.keys(hashed).map((column) => plain('hash', table, column, not(neededWhile(column)))),
    ...Object.entries(passing).map(([column, { neededWhile: condition, encryptedBytes }]) => ({
      ...plain(encryptedBytes ? 'encryption' : 'hash', table, column, condition),
      ...(encryptedBytes && { kid: kidOfBytes(column) }),
      passing: true,
    })),
  ]
}

const columns: readonly Column[] = protectedTables.flatMap(columnsOf)

/** Creates the store that tells which key has written which rows, by the key id in front of each value. */
export function createKeyUsageStore(db: Database) {
  return {
    /** Counts values by key id, bearable at any size: at most `sampleSize` rows of a table are looked at. */
    async count(now: Date, today: CalendarDay): Promise<KeyUsage[]> {
      const usages: KeyUsage[] = []
      for (const table of protectedTables.map((each) => each.table)) {
        const size = await estimateSize(db, table)
        for (const column of columns.filter((each) => each.table === table))
          usages.push(...(await countColumn(db, column, size, { now, today })))
      }
      return usages
    },
    /**
     * The columns that hold at least one value of a key, exactly. It may read whole tables, so it is asked once, before a
     * key is removed.
     */
    async columnsUsing(ring: DataRing, kid: string, now: Date, today: CalendarDay): Promise<string[]> {
      const using: string[] = []
      for (const { table, column, condition, ...of } of columns) {
        if (of.ring !== ring) continue
        const { rows } = await db.raw(`select 1 from ${table} t where ${of.kid} = :kid and (${condition}) limit 1`, {
          kid,
          now,
          today,
        })
        if (rows.length > 0) using.push(`${table}.${column}`)
      }
      return using
    },
  }
}

/** PostgreSQL's own estimate; a table that was never analysed is as large as its file lets it be. */
async function estimateSize(db: Database, table: string): Promise<number> {
  const { rows } = await db.raw(
    `select case when reltuples >= 0 then reltuples
       else pg_relation_size(oid) / current_setting('block_size')::int * 10 end as rows
     from pg_class where oid = to_regclass(?)`,
    [table],
  )
  return Number(rows[0]?.rows ?? 0)
}

type Day = { now: Date; today: CalendarDay }

async function countColumn(db: Database, column: Column, size: number, day: Day): Promise<KeyUsage[]> {
  const { table, condition, ...named } = column
  const estimated = size > sampleSize
  const percent = (sampleSize / size) * 100
  const { rows } = await db.raw(
    `select ${named.kid} as kid, count(*)::float8 as found
     from ${table} t ${estimated ? `tablesample system (${percent})` : ''}
     where t.${named.column} is not null and (${condition}) group by 1 order by 1`,
    day,
  )
  return rows.map((row: { kid: string; found: number }) => ({
    ring: named.ring,
    kid: row.kid,
    table,
    column: named.column,
    values: estimated ? Math.round((row.found * size) / sampleSize) : row.found,
    estimated,
    passing: named.passing,
  }))
}
