import type { AuditChain, AuditData, AuditEvent } from '../../audit/chain.ts'
import { bodiesEmptiedType } from '../../audit/events.ts'
import type { Database } from '../database/database.ts'
import type { EmptiedBodies, NotedHead, SealedRow } from './audit-verification.ts'

/** Rows that are read at a time. */
export const pageSize = 1000

/** An event as it stands in the log; `position` is null until it is sealed, `data` null after its retention. */
export type RecordedAuditEvent = Omit<AuditEvent, 'data'> & { position: number | null; data: AuditData | null }

/** A row of the log as its table holds it. */
export type Row = {
  id: string
  at: Date
  type: string
  actor: string
  account_id: string | null
  data: AuditData | null
  body_hash: string | null
  digest: string
  position: string | null
  chain: string | null
}

/** Finds the newest sealed place as the sealer noted it. */
export async function findNotedHead(db: Database): Promise<NotedHead | null> {
  const row = await db('audit_heads').where({ name: 'chain' }).first()
  return row ? { position: Number(row.position), chain: row.chain, mac: row.mac } : null
}

/** What was emptied, by the events that say so; an event that was forged or altered says nothing. */
export async function findEmptied(db: Database, chain: AuditChain): Promise<EmptiedBodies[]> {
  const rows: Row[] = await db('audit_events').where({ type: bodiesEmptiedType }).whereNotNull('data').orderBy('id')
  return rows.flatMap((row) => {
    const event = toEvent(row)
    const genuine = chain.fitsBody({ ...event, data: row.data ?? {} }, row.body_hash ?? '')
    if (!genuine || !chain.fitsDigest({ ...event, id: row.id }, row.body_hash ?? '', row.digest)) return []
    const { name, before, until } = row.data ?? {}
    return [{ class: String(name), before: new Date(String(before)), until: BigInt(String(until)) }]
  })
}

/** How many events were appended, and how many are there, at one moment. */
export async function countEvents(db: Database): Promise<{ appended: number; present: number }> {
  const { rows } = await db.raw(
    `select (select coalesce(sum(appended), 0) from audit_counts) as appended, (select count(*) from audit_events) as present`,
  )
  return { appended: Number(rows[0].appended), present: Number(rows[0].present) }
}

/** Reads the sealed rows after a position (null: all) in pages, in the order of their positions. */
export async function* readPages(db: Database, after: number | null): AsyncGenerator<SealedRow[]> {
  for (let last = after; ; ) {
    const query = db<Row>('audit_events').whereNotNull('position').orderBy('position').limit(pageSize)
    const rows: Row[] = await (last === null ? query : query.where('position', '>', last))
    if (rows.length > 0) yield rows.map(toRow)
    if (rows.length < pageSize) return
    last = Number(rows.at(-1)?.position)
  }
}

/** Reads what waits to be sealed, in pages. */
export async function* readTail(db: Database): AsyncGenerator<SealedRow[]> {
  for (let last = '0'; ; ) {
    const query = db<Row>('audit_events').whereNull('position').where('id', '>', last).orderBy('id').limit(pageSize)
    const rows: Row[] = await query
    if (rows.length > 0) yield rows.map(toRow)
    if (rows.length < pageSize) return
    last = rows.at(-1)?.id ?? last
  }
}

/** Reads an event from its row. */
export function toEvent(row: Row): RecordedAuditEvent {
  const { at, type, actor, account_id: accountId, data } = row
  return { at, type, actor, accountId, data, position: row.position === null ? null : Number(row.position) }
}

function toRow(row: Row): SealedRow {
  const { id, digest, body_hash: bodyHash, chain } = row
  return { ...toEvent(row), id, position: Number(row.position), digest, bodyHash: bodyHash ?? '', chain: chain ?? '' }
}
