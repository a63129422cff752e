import type { AuditChain, AuditData, AuditEvent } from '../audit/chain.ts'

/** The newest sealed row of the chain; noted outside the database it proves later that nothing was cut off. */
export type ChainHead = { position: number; chain: string }

/** A sealed row as the verification reads it; `data` is null when its retention is over. */
export type SealedRow = Omit<AuditEvent, 'data'> & {
  data: AuditData | null
  position: number
  digest: string
  chain: string
}

/** What is wrong at a position; `key_missing`: its hash key is not in the key ring, so nothing can be said. */
export type ChainFault = 'body_altered' | 'row_missing' | 'reordered' | 'chain_broken' | 'key_missing'

/** `withoutBody` counts the rows of which only the digest is left, `unsealed` the events not yet in the chain. */
export type AuditVerification = { checked: number; withoutBody: number; unsealed: number } & (
  | { outcome: 'intact'; head: ChainHead | null }
  | { outcome: 'broken'; position: number; kind: ChainFault }
)

type Walk = {
  chain: AuditChain
  /** The sealed rows after a position (null: all), page by page in the order of positions. */
  pages(after: number | null): AsyncIterable<SealedRow[]>
  anchor: ChainHead | undefined
  unsealed: number
  report(checked: number): void
}

/** Walks the chain and stops at the first row that does not fit. */
export async function verifyChain(walk: Walk): Promise<AuditVerification> {
  const { anchor, unsealed } = walk
  let head: ChainHead | null = null
  let withoutBody = 0
  const broken = (position: number, kind: ChainFault): AuditVerification => {
    return { outcome: 'broken', position, kind, checked: head?.position ?? 0, withoutBody, unsealed }
  }
  for await (const page of walk.pages(null)) {
    for (const row of page) {
      const fault = await findFault(row, head, walk)
      const expected: number = (head?.position ?? 0) + 1
      if (fault) return broken(expected, fault)
      if (anchor?.position === row.position && anchor.chain !== row.chain) return broken(expected, 'chain_broken')
      if (row.data === null) withoutBody++
      head = { position: row.position, chain: row.chain }
    }
    walk.report(head?.position ?? 0)
  }
  const last = head?.position ?? 0
  if (anchor && anchor.position > last) return broken(last + 1, 'row_missing')
  return { outcome: 'intact', head, checked: last, withoutBody, unsealed }
}

async function findFault(row: SealedRow, head: ChainHead | null, walk: Walk): Promise<ChainFault | null> {
  const { chain } = walk
  const expected = (head?.position ?? 0) + 1
  if (row.position > expected) return 'row_missing'
  if (row.position < expected) return 'chain_broken'
  if (!chain.knowsKeyOf(row.digest) || !chain.knowsKeyOf(row.chain)) return 'key_missing'
  if (row.data !== null && !chain.fitsBody({ ...row, data: row.data }, row.digest)) return 'body_altered'
  const previous = head?.chain ?? null
  if (chain.fitsLink(previous, row.digest, row.chain)) return null
  return (await belongsHere(row, previous, walk)) ? 'reordered' : 'chain_broken'
}

/** Finds whether a later row is the one that was sealed at this position, with its own chain value or this row's. */
async function belongsHere(row: SealedRow, previous: string | null, { chain, pages }: Walk): Promise<boolean> {
  for await (const page of pages(row.position))
    for (const { digest, chain: own } of page)
      if (chain.fitsLink(previous, digest, own) || chain.fitsLink(previous, digest, row.chain)) return true
  return false
}
