import { type AuditData, type AuditEvent, createAuditChain } from '../audit/chain.ts'
import type { KeyedHash } from '../gateways/field-encryption.ts'
import { type AuditVerification, type ChainHead, type SealedRow, verifyChain } from './audit-verification.ts'
import type { Database } from './database.ts'

/** Any number that no other advisory lock of this database uses: "audt". */
const sealerLock = 0x61756474
const pageSize = 1000

/** An event as it stands in the log; `position` is null until it is sealed, `data` null after its retention. */
export type RecordedAuditEvent = Omit<AuditEvent, 'data'> & { position: number | null; data: AuditData | null }

type Row = {
  at: Date
  type: string
  actor: string
  account_id: string | null
  data: AuditData | null
  digest: string
  position: string | null
  chain: string | null
}

export type AuditEventStore = ReturnType<typeof createAuditEventStore>

/** Creates the store of the append-only audit log and its one sealer (security.md, "audit log"). */
export function createAuditEventStore(db: Database, hash: KeyedHash) {
  const chain = createAuditChain(hash)
  return {
    /** Appends an event with the digest of its body; the sealer gives it its place in the chain later. */
    async append(event: AuditEvent): Promise<void> {
      const { at, type, actor, accountId, data } = event
      const row = { at, type, actor, account_id: accountId, data: JSON.stringify(data), digest: chain.digest(event) }
      await db('audit_events').insert(row)
    },

    /**
     * Seals up to `limit` events in the order of their ids and tells how many; only one sealer works at a time.
     * An id below the sealed tail may be committed later: it takes the next place, so the chain's order is the position's.
     */
    seal: (limit = pageSize): Promise<number> =>
      db.transaction(async (tx) => {
        await tx.raw('select pg_advisory_xact_lock(?)', [sealerLock])
        const head = await findHead(tx)
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
        return rows.length
      }),

    /**
     * Walks the chain in constant memory up to the first broken position; `anchor`, a head noted earlier outside
     * this database, also uncovers rows that were cut off at the end. `onProgress` gets the rows checked and in all.
     */
    async verify(
      onProgress?: (checked: number, total: number) => void,
      anchor?: ChainHead,
    ): Promise<AuditVerification> {
      const total = (await findHead(db))?.position ?? 0
      const [{ count = 0 } = {}] = await db('audit_events').whereNull('position').count('id as count')
      const pages = (after: number | null) => readPages(db, after)
      return verifyChain({ chain, pages, anchor, unsealed: Number(count), report: (n) => onProgress?.(n, total) })
    },

    /**
     * Empties the bodies of a class of events that are older than `before`, of the next `limit` rows of the log: data and account go,
     * of the actor only the kind stays. Events that are not sealed wait. `walked` is below `limit` when the end was reached.
     */
    emptyBodies: (
      { name, types, before }: { name: string; types: readonly string[]; before: Date },
      limit = pageSize,
    ): Promise<{ walked: number; emptied: number }> =>
      db.transaction(async (tx) => {
        await tx('audit_retentions').insert({ class: name, emptied_until: 0 }).onConflict('class').ignore()
        const done = await tx('audit_retentions').where({ class: name }).forUpdate().first('emptied_until')
        const { rows } = await tx.raw(
          `with page as materialized (
             select id, type, at < :before and position is not null as due from audit_events
             where id > :done order by id limit :limit
           ), walked as (
             select * from page where id < coalesce((select min(id) from page where not due), (select max(id) + 1 from page))
           ), emptied as (
             update audit_events e set data = null, account_id = null, actor = split_part(e.actor, ':', 1)
             from walked w where e.id = w.id and w.type = any(:types) and e.data is not null returning 1
           ) select (select max(id) from walked) as until, (select count(*) from walked) as walked,
               (select count(*) from emptied) as emptied`,
          { before, done: done?.emptied_until ?? 0, limit, types },
        )
        const { until, walked, emptied } = rows[0]
        if (until) await tx('audit_retentions').where({ class: name }).update({ emptied_until: until })
        return { walked: Number(walked), emptied: Number(emptied) }
      }),

    /** Lists the newest events of an account, newest first: the member's own part of the log. */
    async findForAccount(accountId: string, limit = 200): Promise<RecordedAuditEvent[]> {
      const rows = await db('audit_events').where({ account_id: accountId }).orderBy('id', 'desc').limit(limit)
      return rows.map(toEvent)
    },
  }
}

async function findHead(db: Database): Promise<ChainHead | null> {
  const columns = ['position', 'chain']
  const row = await db('audit_events').whereNotNull('position').orderBy('position', 'desc').first(columns)
  return row ? { position: Number(row.position), chain: row.chain } : null
}

/** Reads the sealed rows after a position (null: all) in pages, in the order of their positions. */
async function* readPages(db: Database, after: number | null): AsyncGenerator<SealedRow[]> {
  for (let last = after; ; ) {
    const query = db<Row>('audit_events').whereNotNull('position').orderBy('position').limit(pageSize)
    const rows: Row[] = await (last === null ? query : query.where('position', '>', last))
    if (rows.length > 0) yield rows.map((row) => ({ ...toEvent(row), ...toSeal(row) }))
    if (rows.length < pageSize) return
    last = Number(rows.at(-1)?.position)
  }
}

function toEvent(row: Row): RecordedAuditEvent {
  const { at, type, actor, account_id: accountId, data } = row
  return { at, type, actor, accountId, data, position: row.position === null ? null : Number(row.position) }
}

const toSeal = (row: Row) => ({ position: Number(row.position), digest: row.digest, chain: row.chain ?? '' })
