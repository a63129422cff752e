import { type AuditEvent, createAuditChain } from '../audit/chain.ts'
import { auditClassOf, createAuditTrail } from '../audit/events.ts'
import type { KeyedHash } from '../gateways/field-encryption.ts'
import { createAuditEventStore, noteHead } from './audit-events.ts'
import { readPages, readTail } from './audit-rows.ts'
import type { ChainHead, EmptiedBodies, SealedRow } from './audit-verification.ts'
import type { Database } from './database.ts'

/** `broken`: the old chain does not hold at this row, and nothing was written. */
export type Reproof = { outcome: 'broken'; id: string } | { outcome: 'done'; events: number }

class BrokenChain extends Error {}

/**
 * Gives a log of the format before the two hashes and the chain of this one (docs/decisions/0030), after holding each event against the
 * old ones; in one transaction, with the service stopped. Bodies that are gone are named by events of their own in it.
 */
export async function reproveAuditLog(db: Database, hash: KeyedHash, at: Date): Promise<Reproof> {
  if (!(await db('audit_events').whereNull('body_hash').first('id'))) return { outcome: 'done', events: 0 }
  try {
    return await db.transaction((trx) => reprove(trx, hash, at))
  } catch (error) {
    if (error instanceof BrokenChain) return { outcome: 'broken', id: error.message }
    throw error
  }
}

async function reprove(trx: Database, hash: KeyedHash, at: Date): Promise<Reproof> {
  const chain = createAuditChain(hash)
  await trx.raw('alter table audit_events disable trigger user')
  const emptied = new Map<string, EmptiedBodies>()
  let [events, previous] = [0, null as string | null]
  let head = null as ChainHead | null
  const rewrite = async (row: SealedRow, link: string | null, digest: string, bodyHash: string) => {
    await trx('audit_events').where({ id: row.id }).update({ body_hash: bodyHash, digest, chain: link })
    if (row.data === null) noteEmptied(emptied, row)
    events++
  }
  for await (const page of readPages(trx, null))
    for (const row of page) {
      if (row.position !== (head?.position ?? 0) + 1 || !chain.fitsLink(previous, row.digest, row.chain))
        throw new BrokenChain(row.id)
      const { digest, bodyHash } = proofOf(chain, hash, row)
      const link = chain.link(head?.chain ?? null, digest)
      await rewrite(row, link, digest, bodyHash)
      previous = row.chain
      head = { position: row.position, chain: link }
    }
  for await (const page of readTail(trx))
    for (const row of page) {
      const { digest, bodyHash } = proofOf(chain, hash, row)
      await rewrite(row, null, digest, bodyHash)
    }
  await trx.raw('alter table audit_events enable trigger user')
  if (head) await noteHead(trx, chain, head)
  const trail = createAuditTrail(createAuditEventStore(trx, hash).append)
  for (const { class: name, before, until } of emptied.values())
    await trail.auditBodiesEmptied({ at, name, before: before.toISOString(), until: String(until), count: 0 })
  return { outcome: 'done', events }
}

/** Makes the hashes of an event whose old one holds. @throws BrokenChain */
function proofOf(chain: ReturnType<typeof createAuditChain>, hash: KeyedHash, row: SealedRow) {
  const { data } = row
  if (row.bodyHash !== '') throw new BrokenChain(row.id)
  if (data !== null && !hash.matches(bodyBefore({ ...row, data }), 'audit_digest', row.digest))
    throw new BrokenChain(row.id)
  const bodyHash = data === null ? row.digest : chain.bodyHash({ ...row, data })
  return { bodyHash, digest: chain.digest(row, bodyHash) }
}

/** What the one hash of the format before covered: everything, so that without the body nothing could be checked. */
function bodyBefore({ at, type, actor, accountId, data }: AuditEvent): string {
  const entries = Object.entries(data).filter(([, value]) => value !== undefined)
  return JSON.stringify([at.toISOString(), type, actor, accountId, entries.sort(([a], [b]) => (a < b ? -1 : 1))])
}

function noteEmptied(emptied: Map<string, EmptiedBodies>, { id, type, at }: SealedRow): void {
  const name = String(auditClassOf(type))
  const known = emptied.get(name)
  const before = new Date(at.getTime() + 1)
  emptied.set(name, {
    class: name,
    before: known && known.before > before ? known.before : before,
    until: known && known.until > BigInt(id) ? known.until : BigInt(id),
  })
}
