import type { Knex } from 'knex'
import type { Database } from './database.ts'

type Row = Record<string, unknown>
type Query = Knex.QueryBuilder | Knex.Raw

/** Runs a write that tells by RETURNING what it has changed, together with `others`, and gives its rows as JSON. */
export type Writer = (write: Query, ...others: Query[]) => Promise<Row[]>

type Waiting = { queries: Query[]; resolve(rows: Row[]): void; reject(error: unknown): void }

const writers = new WeakMap<Database, Writer>()

/**
 * Finds the writer of a database or transaction. What a transaction is asked to write within one turn of the event loop goes out as
 * one statement, in the order of asking: none of these writes sees what another one changes (PostgreSQL documentation, 7.8.4), and
 * all fail with the first that fails.
 */
export function writerOf(db: Database): Writer {
  const known = writers.get(db)
  if (known) return known
  const writer: Writer = db.isTransaction
    ? createCollectingWriter(db)
    : async (...queries) => (await run(db, queries))[0] ?? []
  writers.set(db, writer)
  return writer
}

function createCollectingWriter(db: Database): Writer {
  let waiting: Waiting[] = []
  const flush = async () => {
    const writes = waiting
    waiting = []
    try {
      const all = writes.flatMap(({ queries }) => queries)
      const rows = await run(db, all)
      for (const { queries, resolve } of writes) resolve(rows[all.indexOf(queries[0] as Query)] ?? [])
    } catch (error) {
      for (const { reject } of writes) reject(error)
    }
  }
  return (...queries) =>
    new Promise((resolve, reject) => {
      if (waiting.length === 0) setImmediate(flush)
      waiting.push({ queries, resolve, reject })
    })
}

/** The rows of each write. */
async function run(db: Database, queries: readonly Query[]): Promise<Row[][]> {
  const parts = queries.map((_, index) => `w${index} as (?)`).join(', ')
  const results = queries.map((_, index) => `select ${index} as write, to_jsonb(w${index}) as changed from w${index}`)
  const { rows } = await db.raw(`with ${parts} ${results.join(' union all ')}`, [...queries])
  const changed: Row[][] = queries.map(() => [])
  for (const row of rows) changed[row.write]?.push(row.changed)
  return changed
}
