import { insuranceNumberHash } from '../../crypto/blind-index.ts'
import type { Protection } from '../../crypto/protection.ts'
import { tryToHoldLock } from '../database/advisory-locks.ts'
import type { Database } from '../database/database.ts'
import { columnsOf, keyOf, type ProtectedRow as Row, readPage } from './protected-rows.ts'
import { ownerPlace, type ProtectedTable, placeOf, protectedTables, type RowKey } from './protected-tables.ts'

/** Ids of the keys that write now. */
export type RewriteTarget = { encryption: string; hash: string }

/** How far a table is; `rowsTotal` is an estimate from when the pass began. */
export type RewriteProgress = {
  table: string
  target: string
  rowsTotal: number
  rowsSeen: number
  rowsRewritten: number
  /** Rows that no key of the ring opens, or whose new blind index another row holds. */
  rowsUnreadable: number
  startedAt: Date
  finishedAt: Date | null
}

/** What one page did; `busy`: another process is at this table, the register is being imported, or rows are locked. */
export type RewrittenPage = 'busy' | { seen: number; rewritten: number; unreadable: RowKey[]; last: boolean }

const nameOf = (target: RewriteTarget) => `${target.encryption}/${target.hash}`

/** Lock timeout and deadlock: the page is rolled back and tried again later. */
const passingFaults = ['55P03', '40P01']
const uniqueViolation = '23505'

/** Creates the store that rewrites rows under the keys that write now: a table at a time, a page per transaction. */
export function createKeyRewriteStore(db: Database, protection: Protection) {
  const passes = () => db('key_rewrites')
  return {
    /** Begins a pass for every table that has none to this target; what an earlier target had done counts for nothing. */
    async begin(target: RewriteTarget): Promise<void> {
      for (const { table, sealed, hashed } of protectedTables) {
        if (sealed.length === 0 && !hashed) continue
        await db.raw(
          `insert into key_rewrites as r (table_name, target, rows_total, started_at)
           values (:table, :target, greatest(0, (select reltuples from pg_class where oid = to_regclass(:table))), now())
           on conflict (table_name) do update set target = excluded.target, rows_total = excluded.rows_total,
             cursor = null, rows_seen = 0, rows_rewritten = 0, rows_unreadable = 0,
             started_at = now(), finished_at = null
           where r.target <> excluded.target`,
          { table, target: nameOf(target) },
        )
      }
    },
    /** Tables with a pass to this target that has not reached the end. */
    unfinished: async (target: RewriteTarget): Promise<ProtectedTable[]> => {
      const open = await passes()
        .where({ target: nameOf(target), finished_at: null })
        .pluck('table_name')
      return protectedTables.filter(({ table }) => open.includes(table))
    },
    async progress(): Promise<RewriteProgress[]> {
      return (await passes().orderBy('table_name')).map((row) => ({
        table: row.table_name,
        target: row.target,
        rowsTotal: Math.max(Number(row.rows_total), Number(row.rows_seen)),
        rowsSeen: Number(row.rows_seen),
        rowsRewritten: Number(row.rows_rewritten),
        rowsUnreadable: Number(row.rows_unreadable),
        startedAt: row.started_at,
        finishedAt: row.finished_at,
      }))
    },
    /** Rewrites the next page of a table and moves its cursor in the same transaction: a crash repeats or loses nothing. */
    async rewritePage(spec: ProtectedTable, target: RewriteTarget): Promise<RewrittenPage> {
      try {
        return await db.transaction((trx) => rewriteNextPage(trx, protection, spec, target))
      } catch (error) {
        if (passingFaults.includes((error as { code?: string }).code ?? '')) return 'busy'
        throw error
      }
    },
  }
}

async function rewriteNextPage(
  trx: Database,
  protection: Protection,
  spec: ProtectedTable,
  target: RewriteTarget,
): Promise<RewrittenPage> {
  // Shorter than PostgreSQL's search for deadlocks: this job gives way, never a member's request.
  await trx.raw("set local lock_timeout = '250ms'")
  const mine = { table_name: spec.table, target: nameOf(target), finished_at: null }
  const pass = await trx('key_rewrites').where(mine).forUpdate().skipLocked().first('cursor')
  if (!pass) return 'busy'
  if (spec.lock && !(await tryToHoldLock(trx, spec.lock))) return 'busy'
  const page = await readPage(trx, spec, pass.cursor)
  const { changed, unreadable } = seal(page, protection, spec, target)
  const refused = await write(trx, spec, changed)
  // A row that somebody changed since it was read is read anew, with the whole page.
  if (refused === 'changed') return 'busy'
  unreadable.push(...refused)
  const last = page.length < spec.pageSize
  const rewritten = changed.length - refused.length
  await trx('key_rewrites')
    .where(mine)
    .update({
      cursor: JSON.stringify(page.length > 0 ? keyOf(spec, page.at(-1) as Row) : pass.cursor),
      rows_seen: trx.raw('rows_seen + ?', [page.length]),
      rows_rewritten: trx.raw('rows_rewritten + ?', [rewritten]),
      rows_unreadable: trx.raw('rows_unreadable + ?', [unreadable.length]),
      finished_at: last ? trx.fn.now() : null,
    })
  return { seen: page.length, rewritten, unreadable, last }
}

type Change = { before: Row; after: Row }

/** Writes what is not under the target yet anew; rows that no key opens are named. */
function seal(page: Row[], { encryption, hash }: Protection, spec: ProtectedTable, target: RewriteTarget) {
  const unreadable: RowKey[] = []
  const changed = page.flatMap((before): Change[] => {
    const key = keyOf(spec, before)
    const after = { ...before }
    try {
      for (const column of spec.sealed) {
        const value = before[column]
        if (!value || isUnder(value, target.encryption)) continue
        const context = placeOf(spec.table, column, key)
        after[column] = encryption.encrypt(encryption.decrypt(value, context), context)
      }
      for (const [column, { number }] of Object.entries(spec.hashed ?? {})) {
        const sealedNumber = before[`number:${column}`]
        if (!sealedNumber || isUnder(before[column] ?? '', target.hash)) continue
        after[column] = insuranceNumberHash(
          hash,
          encryption.decrypt(sealedNumber, ownerPlace(number.table, before[`owner:${column}`])),
        )
      }
    } catch {
      unreadable.push(key)
      return []
    }
    return columnsOf(spec).some((column) => before[column] !== after[column]) ? [{ before, after }] : []
  })
  return { changed, unreadable }
}

const isUnder = (value: string, kid: string) => value.startsWith(`${kid}.`)

/** Writes the page; `changed`: a row is not as it was read. Rows that break a unique index are left and named. */
async function write(trx: Database, spec: ProtectedTable, changes: Change[]): Promise<RowKey[] | 'changed'> {
  if (changes.length === 0) return []
  try {
    const written = await trx.transaction((savepoint) => update(savepoint, spec, changes))
    return written === changes.length ? [] : 'changed'
  } catch (error) {
    if ((error as { code?: string }).code !== uniqueViolation) throw error
    if (changes.length === 1) return changes.map(({ before }) => keyOf(spec, before))
  }
  const refused: RowKey[] = []
  for (const change of changes) {
    const outcome = await write(trx, spec, [change])
    if (outcome === 'changed') return outcome
    refused.push(...outcome)
  }
  return refused
}

/** One guarded statement for the page: a row counts only while every column is as it was read. */
async function update(trx: Database, spec: ProtectedTable, changes: Change[]): Promise<number> {
  const keys = Object.entries(spec.key)
  const columns = columnsOf(spec)
  const values: (string | null)[][] = [
    ...keys.map(([key]) => changes.map(({ before }) => before[key] ?? null)),
    ...columns.map((column) => changes.map(({ before }) => before[column] ?? null)),
    ...columns.map((column) => changes.map(({ after }) => after[column] ?? null)),
  ]
  const types = [...keys.map(([, type]) => `?::${type}[]`), ...[...columns, ...columns].map(() => '?::text[]')]
  const names = [...keys.map(([key]) => key), ...columns.map((c) => `old_${c}`), ...columns.map((c) => `new_${c}`)]
  const guards = [
    ...keys.map(([key]) => `t.${key} = v.${key}`),
    ...columns.map((c) => `t.${c} is not distinct from v.old_${c}`),
  ]
  const { rowCount } = await trx.raw(
    `update ${spec.table} t set ${columns.map((c) => `${c} = v.new_${c}`).join(', ')}
     from unnest(${types.join(', ')}) as v (${names.join(', ')})
     where ${guards.join(' and ')}`,
    // knex's types know arrays of strings only; node-postgres sends null as NULL.
    values as string[][],
  )
  return rowCount
}
