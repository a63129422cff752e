import type { AuditChain, AuditData, AuditEvent } from '../../audit/chain.ts'
import { auditClassOf } from '../../audit/events.ts'

/** The newest sealed row of the chain; noted outside the database it proves later that nothing was cut off. */
export type ChainHead = { position: number; chain: string }

/** The head as the sealer keeps it in the database, under a keyed hash. */
export type NotedHead = ChainHead & { mac: string }

/** What a verification found, and when: the chain is intact up to this place, or broken there. */
export type NotedVerification = { position: number; at: Date }

/** A row as the verification reads it; `data` is null when its retention is over. */
export type SealedRow = Omit<AuditEvent, 'data'> & {
  id: string
  data: AuditData | null
  position: number
  bodyHash: string
  digest: string
  chain: string
}

/** An event's word: bodies of a class up to row `until` that are older than `before` were emptied at the end of their retention. */
export type EmptiedBodies = { class: string; before: Date; until: bigint }

/**
 * What is wrong at a position. `body_removed`: emptied, but no event says so, or before its time; `head_missing`, `head_altered`: the
 * sealer's own note; `rows_lost`, `rows_added`: another number of events is there than was appended. `key_missing`: its hash key is not
 * in the key ring, so nothing can be said.
 */
export type ChainFault =
  | 'body_altered'
  | 'body_removed'
  | 'row_missing'
  | 'reordered'
  | 'chain_broken'
  | 'head_missing'
  | 'head_altered'
  | 'rows_lost'
  | 'rows_added'
  | 'key_missing'

/** `withoutBody` counts the rows of which only the digests are left, `unsealed` the events not yet in the chain. */
export type AuditVerification = { checked: number; withoutBody: number; unsealed: number } & (
  | { outcome: 'intact'; head: ChainHead | null }
  | { outcome: 'broken'; position: number; kind: ChainFault }
)

type Walk = {
  chain: AuditChain
  /** Heads noted outside the database. */
  anchors: readonly ChainHead[]
  noted: NotedHead | null
  /** Whether an event says that the body of this row was emptied. */
  wasEmptied(row: SealedRow): Promise<boolean>
  /** The sealed rows after a position (null: all), page by page in the order of positions. */
  pages(after: number | null): AsyncIterable<SealedRow[]>
  /** What waits to be sealed. */
  tail(): AsyncIterable<SealedRow[]>
  counts(): Promise<{ appended: number; present: number }>
  report(checked: number): void
}

/** Walks the chain and what is behind it, and stops at the first row that does not fit. */
export async function verifyChain(walk: Walk): Promise<AuditVerification> {
  const { chain, noted } = walk
  const found = { head: null as ChainHead | null, withoutBody: 0, unsealed: 0 }
  const checked = () => found.head?.position ?? 0
  const broken = (kind: ChainFault, position = checked() + 1): AuditVerification => {
    return {
      outcome: 'broken',
      position,
      kind,
      checked: checked(),
      withoutBody: found.withoutBody,
      unsealed: found.unsealed,
    }
  }
  const anchors = noted ? [...walk.anchors, noted] : walk.anchors
  if (noted && !chain.knowsKeyOf(noted.mac)) return broken('key_missing')
  for await (const page of walk.pages(null)) {
    for (const row of page) {
      const fault = (await findFault(row, found.head, walk)) ?? faultOfAnchors(row, anchors)
      if (fault) return broken(fault)
      if (row.data === null) found.withoutBody++
      found.head = { position: row.position, chain: row.chain }
    }
    walk.report(checked())
  }
  if (anchors.some(({ position }) => position > checked())) return broken('row_missing')
  for await (const page of walk.tail())
    for (const row of page) {
      const fault = await faultOfBody(row, walk)
      if (fault) return broken(fault)
      found.unsealed++
    }
  const { appended, present } = await walk.counts()
  if (present !== appended) return broken(present < appended ? 'rows_lost' : 'rows_added')
  if (!noted && found.head) return broken('head_missing')
  if (noted && !chain.fitsHead(noted.position, noted.chain, noted.mac)) return broken('head_altered', noted.position)
  return { outcome: 'intact', checked: checked(), ...found }
}

function faultOfAnchors(row: SealedRow, anchors: readonly ChainHead[]): ChainFault | null {
  const other = anchors.some(({ position, chain }) => position === row.position && chain !== row.chain)
  return other ? 'chain_broken' : null
}

async function findFault(row: SealedRow, head: ChainHead | null, walk: Walk): Promise<ChainFault | null> {
  const { chain } = walk
  const expected = (head?.position ?? 0) + 1
  if (row.position > expected) return 'row_missing'
  if (row.position < expected) return 'chain_broken'
  if (!chain.knowsKeyOf(row.chain)) return 'key_missing'
  const body = await faultOfBody(row, walk)
  if (body) return body
  const previous = head?.chain ?? null
  if (chain.fitsLink(previous, row.digest, row.chain)) return null
  return (await belongsHere(row, previous, walk)) ? 'reordered' : 'chain_broken'
}

/** Holds a row against its two hashes: what is covered for ever, and the body while it is there. */
async function faultOfBody(row: SealedRow, { chain, wasEmptied }: Walk): Promise<ChainFault | null> {
  const { data, bodyHash, digest } = row
  if (!chain.knowsKeyOf(digest) || !chain.knowsKeyOf(bodyHash)) return 'key_missing'
  if (!chain.fitsDigest(row, bodyHash, digest)) return 'body_altered'
  if (data !== null) return chain.fitsBody({ ...row, data }, bodyHash) ? null : 'body_altered'
  // Of an emptied event nothing is left but what the digest covers.
  if (row.accountId !== null || row.actor.includes(':')) return 'body_altered'
  return (await wasEmptied(row)) ? null : 'body_removed'
}

/**
 * Creates the look for the event that says a body was emptied. `find` is asked again when none is known: the retention may have emptied
 * it since, and its event stands in the same transaction.
 */
export function createEmptiedLook(find: () => Promise<readonly EmptiedBodies[]>): Walk['wasEmptied'] {
  let known: readonly EmptiedBodies[] = []
  return async (row) => {
    if (!known.some((each) => covers(each, row))) known = await find()
    return known.some((each) => covers(each, row))
  }
}

const covers = (emptied: EmptiedBodies, { type, at, id }: SealedRow) =>
  emptied.class === auditClassOf(type) && at < emptied.before && BigInt(id) <= emptied.until

/** Finds whether a later row is the one that was sealed at this position, with its own chain value or this row's. */
async function belongsHere(row: SealedRow, previous: string | null, { chain, pages }: Walk): Promise<boolean> {
  for await (const page of pages(row.position))
    for (const { digest, chain: own } of page)
      if (chain.fitsLink(previous, digest, own) || chain.fitsLink(previous, digest, row.chain)) return true
  return false
}
