import type { Knex } from 'knex'
import type { Database } from '../database/database.ts'
import { type RecordedAuditEvent, type Row, toEvent } from './audit-rows.ts'

/** An event with the number of its row, by which it is looked at. */
export type FoundAuditEvent = RecordedAuditEvent & { id: string }

/** What is looked for; every part that is given has to fit. */
export type AuditFilter = {
  /** A kind (`member`, `system`, `cli`, `staff`, `client`), or one actor: `staff:<id>`, `client:<id>`, `cli:k.weber`. */
  actor?: string | undefined
  types?: readonly string[] | undefined
  accountId?: string | undefined
  clientId?: string | undefined
  /** Id of what it is about: print run, letter, approval, export, member of staff, signing key. */
  reference?: string | undefined
  from?: Date | undefined
  /** The first instant that does not belong to it. */
  until?: Date | undefined
}

/** A place in the log, between two events: newest first by instant and row. */
export type AuditPlace = { at: Date; id: string }

/** As the index has it (migration 013). */
const reference =
  "coalesce(data->>'runId', data->>'letterId', data->>'approvalId', data->>'exportId', data->>'staffId', data->>'kid')"
const kind = "split_part(actor, ':', 1)"
/** Operators name their account behind a blank: `cli:k.weber (os:kweber)`. */
const actorName = "split_part(actor, ' ', 1)"
const rare = "actor not in ('member', 'system')"

/** Creates the look-ups in the audit log; each page is one statement along an index. */
export function createAuditLookUpStore(db: Database) {
  const rows = (filter: AuditFilter) => narrow(db<Row>('audit_events'), filter)
  return {
    /** At most `limit` events that are older than a place, or newer than one; newest first either way. */
    async page(
      filter: AuditFilter,
      { older, newer, limit }: { older?: AuditPlace | undefined; newer?: AuditPlace | undefined; limit: number },
    ): Promise<FoundAuditEvent[]> {
      const direction = newer ? 'asc' : 'desc'
      const query = rows(filter).orderBy('at', direction).orderBy('id', direction).limit(limit)
      if (older) query.whereRaw('(at, id) < (?, ?)', [older.at, older.id])
      if (newer) query.whereRaw('(at, id) > (?, ?)', [newer.at, newer.id])
      const found = ((await query) as Row[]).map(toFound)
      return newer ? found.reverse() : found
    },
    /** `id` may be any text of an address. */
    async find(id: string): Promise<FoundAuditEvent | null> {
      if (!/^\d{1,18}$/.test(id)) return null
      const row = await db<Row>('audit_events').where({ id }).first()
      return row ? toFound(row as Row) : null
    },
  }
}

function narrow(query: Knex.QueryBuilder<Row>, filter: AuditFilter): Knex.QueryBuilder<Row> {
  const { actor, types, accountId, clientId, from, until } = filter
  if (actor === 'member' || actor === 'system') query.where({ actor })
  else if (actor) query.whereRaw(`${rare} and ${actor.includes(':') ? actorName : kind} = ?`, [actor])
  if (types?.length === 1) query.where({ type: types[0] })
  else if (types) query.whereRaw('type = any(?)', [[...types]])
  if (accountId) query.where({ account_id: accountId })
  if (clientId) query.whereRaw(`data->>'clientId' is not null and data->>'clientId' = ?`, [clientId])
  if (filter.reference) query.whereRaw(`${reference} is not null and ${reference} = ?`, [filter.reference])
  if (from) query.where('at', '>=', from)
  if (until) query.where('at', '<', until)
  return query
}

const toFound = (row: Row): FoundAuditEvent => ({ ...toEvent(row), id: String(row.id) })
