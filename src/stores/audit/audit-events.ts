import { type AuditChain, type AuditEvent, createAuditChain } from '../../audit/chain.ts'
import type { KeyedHash } from '../../crypto/field-encryption.ts'
import { holdLock } from '../database/advisory-locks.ts'
import type { Database } from '../database/database.ts'
import { writerOf } from '../database/writes.ts'
import {
  countEvents,
  findEmptied,
  findNotedHead,
  pageSize,
  type RecordedAuditEvent,
  type Row,
  readPages,
  readTail,
  toEvent,
} from './audit-rows.ts'
import {
  type AuditVerification,
  type ChainHead,
  createEmptiedLook,
  type NotedVerification,
  verifyChain,
} from './audit-verification.ts'

export type { RecordedAuditEvent } from './audit-rows.ts'

export type AuditEventStore = ReturnType<typeof createAuditEventStore>

/** Rows of one statement of `appendAll`. */
const appendedAtOnce = 500

/** Creates the store of the append-only audit log and its one sealer (security.md, "audit log"). */
export function createAuditEventStore(db: Database, hash: KeyedHash) {
  const chain = createAuditChain(hash)
  const rowOf = (id: string, event: AuditEvent) => {
    const { at, type, actor, accountId, data } = event
    const bodyHash = chain.bodyHash(event)
    const digests = { body_hash: bodyHash, digest: chain.digest({ id, at, type, actor }, bodyHash) }
    return { id, at, type, actor, account_id: accountId, data: JSON.stringify(data), ...digests }
  }
  return {
    /** Appends an event with the digests of its body and its row; the sealer gives it its place in the chain later. */
    async append(event: AuditEvent): Promise<void> {
      const row = rowOf(await takeId(db), event)
      await writerOf(db)(db('audit_events').insert(row).returning('id'))
    },
    /** Appends many, in their order: ten thousand one by one would hold their transaction open for minutes. */
    async appendAll(events: readonly AuditEvent[]): Promise<void> {
      for (let start = 0; start < events.length; start += appendedAtOnce) {
        const some = events.slice(start, start + appendedAtOnce)
        const numbers = "select nextval('audit_events_id_seq')::text as id from generate_series(1, ?::int)"
        const { rows } = await db.raw(numbers, [some.length])
        await db('audit_events').insert(some.map((event, index) => rowOf(rows[index].id, event)))
      }
    },

    /**
     * Seals up to `limit` events in the order of their ids and tells how many; only one sealer works at a time.
     * An id below the sealed tail may be committed later: it takes the next place, so the chain's order is the position's.
     */
    seal: (limit = pageSize): Promise<number> =>
      db.transaction(async (tx) => {
        await holdLock(tx, 'audit')
        await tx.raw(foldCounts)
        const found = await findLast(tx)
        const noted = await findNotedHead(tx)
        // After rows were cut off the chain goes on behind them: the gap stays for whoever looks.
        const kept = noted && chain.fitsHead(noted.position, noted.chain, noted.mac) ? noted : null
        const head = kept ?? found
        const rows = await tx('audit_events').whereNull('position').orderBy('id').limit(limit).select('id', 'digest')
        const links: string[] = []
        for (const row of rows) links.push(chain.link(links.at(-1) ?? head?.chain ?? null, row.digest))
        const positions = rows.map((_, index) => (head?.position ?? 0) + index + 1)
        await tx.raw(
          `update audit_events set position = sealed.position, chain = sealed.chain
           from unnest(?::bigint[], ?::bigint[], ?::text[]) as sealed (id, position, chain)
           where audit_events.id = sealed.id`,
          [rows.map((row) => row.id), positions, links],
        )
        // A head that is missing or forged is never made good: that it was is what has to be seen.
        if (rows.length > 0 && (kept || (!found && !noted)))
          await noteHead(tx, chain, { position: positions.at(-1) ?? 0, chain: links.at(-1) ?? '' })
        return rows.length
      }),

    /** The newest sealed place as the sealer noted it, for whoever keeps heads outside the database. */
    async head(): Promise<ChainHead | null> {
      const noted = await findNotedHead(db)
      return noted && { position: noted.position, chain: noted.chain }
    },

    /** Notes up to where the chain was found intact, or at which place it was found broken. */
    async noteVerification(result: AuditVerification, at: Date): Promise<void> {
      const broken = result.outcome === 'broken'
      const head = broken
        ? { position: result.position, chain: result.kind }
        : (result.head ?? { position: 0, chain: '' })
      const mac = chain.headMac(head.position, verifiedAt(head.chain, at))
      const row = { name: broken ? 'broken' : 'verified', ...head, mac, noted_at: at }
      await db('audit_heads').insert(row).onConflict('name').merge()
      if (!broken) await db('audit_heads').where({ name: 'broken' }).delete()
    },
    /** Up to which place the chain was last found intact, and where it was found broken since; a note that was forged says nothing. */
    async verifications(): Promise<{ intact: NotedVerification | null; broken: NotedVerification | null }> {
      const rows = await db('audit_heads').whereIn('name', ['verified', 'broken'])
      const noted = (name: string) => {
        const row = rows.find((each) => each.name === name)
        const genuine = row?.noted_at && chain.fitsHead(row.position, verifiedAt(row.chain, row.noted_at), row.mac)
        return genuine ? { position: Number(row.position), at: row.noted_at as Date } : null
      }
      return { intact: noted('verified'), broken: noted('broken') }
    },

    /**
     * Walks the chain in constant memory up to the first broken position, then what waits to be sealed, and counts; `anchor`, a head
     * noted earlier outside this database, also uncovers a database that was put back whole. `onProgress` gets the rows checked and in all.
     */
    async verify(
      onProgress?: (checked: number, total: number) => void,
      anchor?: ChainHead,
    ): Promise<AuditVerification> {
      const noted = await findNotedHead(db)
      const total = noted?.position ?? 0
      return verifyChain({
        chain,
        anchors: anchor ? [anchor] : [],
        noted,
        wasEmptied: createEmptiedLook(() => findEmptied(db, chain)),
        pages: (after) => readPages(db, after),
        tail: () => readTail(db),
        counts: () => countEvents(db),
        report: (n) => onProgress?.(n, total),
      })
    },

    /**
     * Empties the bodies of a class of events that are older than `before`, of the next `limit` rows of the log: data and account go,
     * of the actor only the kind stays. Events that are not sealed wait. `walked` is below `limit` when the end was reached; `until`:
     * row up to which every such body is gone. Whoever empties appends the event that says so, in the same transaction.
     */
    emptyBodies: (
      { name, types, before }: { name: string; types: readonly string[]; before: Date },
      limit = pageSize,
    ): Promise<{ walked: number; emptied: number; until: string }> =>
      db.transaction(async (tx) => {
        await tx('audit_retentions').insert({ class: name, emptied_until: 0 }).onConflict('class').ignore()
        const done = await tx('audit_retentions').where({ class: name }).forUpdate().first('emptied_until')
        const { rows } = await tx.raw(
          `with page as materialized (
             select id, type, at < :before and position is not null as due from audit_events
             where id > :done order by id limit :limit
           ), walked as (
             select * from page where id < coalesce((select min(id) from page where not due), (select max(id) + 1 from page))
           ) select (select max(id) from walked) as until, (select count(*) from walked) as walked,
               audit_empty_bodies(array(select id from walked where type = any(:types))) as emptied`,
          { before, done: done?.emptied_until ?? 0, limit, types },
        )
        const { until, walked, emptied } = rows[0]
        if (until) await tx('audit_retentions').where({ class: name }).update({ emptied_until: until })
        return { walked: Number(walked), emptied: Number(emptied), until: String(until ?? done?.emptied_until ?? 0) }
      }),

    /** A page of the events of these types about an account, newest first; `before`: the row behind which the page begins. */
    async pageOfAccount(
      accountId: string,
      { types, before, limit }: { types: readonly string[]; before?: string | undefined; limit: number },
    ): Promise<(RecordedAuditEvent & { id: string })[]> {
      const rows = db<Row>('audit_events')
        .where({ account_id: accountId })
        .whereRaw('type = any(?)', [[...types]])
      if (before !== undefined) rows.where('id', '<', before)
      return (await rows.orderBy('id', 'desc').limit(limit)).map((row: Row) => ({ ...toEvent(row), id: row.id }))
    },

    /** Lists the newest events of an account, newest first: the member's own part of the log. */
    async findForAccount(accountId: string, limit = 200): Promise<RecordedAuditEvent[]> {
      const rows = await db('audit_events').where({ account_id: accountId }).orderBy('id', 'desc').limit(limit)
      return rows.map(toEvent)
    },
  }
}

const verifiedAt = (chain: string, at: Date) => `${chain}\n${at.toISOString()}`

/** How many ids a process takes at once, and how long, in milliseconds, it may use them: their order is that of the log. */
const [idsAtOnce, idsLast] = [16, 5000]

type Reserve = { ids: string[]; until: number }
const reserves = new WeakMap<object, Reserve>()

/** Takes the id of the next event, out of those that this process has taken from the sequence ahead. */
async function takeId(db: Database): Promise<string> {
  // Transactions share the configuration of their database.
  const { config } = db.client
  const reserve = db.isTransaction ? reserves.get(config) : undefined
  const id = reserve && performance.now() < reserve.until ? reserve.ids.shift() : undefined
  if (id) return id
  const until = performance.now() + idsLast
  const next = "select nextval('audit_events_id_seq')::text as id from generate_series(1, ?::int)"
  const [first, ...ids] = (await writerOf(db)(db.raw(next, [db.isTransaction ? idsAtOnce : 1]))).map((row) =>
    String(row.id),
  )
  reserves.set(config, { ids, until })
  return first as string
}

/** Counts of database processes that are gone go into one row. */
const foldCounts = `with gone as (
    delete from audit_counts where backend > 0 and backend not in (select pid from pg_stat_activity where pid is not null)
    returning appended
  ) insert into audit_counts (backend, appended) select 0, sum(appended) from gone having count(*) > 0
  on conflict (backend) do update set appended = audit_counts.appended + excluded.appended`

async function findLast(db: Database): Promise<ChainHead | null> {
  const columns = ['position', 'chain']
  const row = await db('audit_events').whereNotNull('position').orderBy('position', 'desc').first(columns)
  return row ? { position: Number(row.position), chain: row.chain } : null
}

/** Notes the newest sealed place under a keyed hash. */
const noteHead = (db: Database, chain: AuditChain, { position, chain: link }: ChainHead) =>
  db('audit_heads')
    .insert({ name: 'chain', position, chain: link, mac: chain.headMac(position, link) })
    .onConflict('name')
    .merge()
