import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createKeyedHash } from '../crypto/field-encryption.ts'
import { type AuditEvent, canonicalBody, createAuditChain } from './chain.ts'

const key = (kid: string) => ({ kid, secret: randomBytes(32) })
const event: AuditEvent = {
  at: new Date('2026-11-24T09:00:00.123Z'),
  type: 'account_suspended',
  actor: 'system',
  accountId: '6f0c6b7e-7f0e-4f3e-9d9b-0b8f2f3a1c11',
  data: { reason: 'deceased', count: 2 },
}

describe('canonical body', () => {
  it('does not depend on the order of keys nor on absent values', () => {
    const shuffled = { ...event, data: { count: 2, absent: undefined, reason: 'deceased' } }
    expect(canonicalBody(shuffled)).toBe(canonicalBody(event))
  })

  it.each([
    ['actor', { actor: 'cli' }],
    ['account', { accountId: null }],
    ['data', { data: { reason: 'guardian', count: 2 } }],
  ])('changes with the %s', (_, change) => {
    expect(canonicalBody({ ...event, ...change })).not.toBe(canonicalBody(event))
  })
})

describe('audit chain', () => {
  const header = { ...event, id: '17' }
  const digests = (chain = createAuditChain(createKeyedHash([key('a')]))) => {
    const bodyHash = chain.bodyHash(event)
    return { chain, bodyHash, digest: chain.digest(header, bodyHash) }
  }

  it('still verifies what an older key of the ring made', () => {
    const [old, next] = [key('old'), key('next')]
    const { chain: before, bodyHash, digest } = digests(createAuditChain(createKeyedHash([old])))
    const after = createAuditChain(createKeyedHash([next, old]))
    expect(after.fitsBody(event, bodyHash)).toBe(true)
    expect(after.fitsDigest(header, bodyHash, digest)).toBe(true)
    expect(after.fitsLink(null, digest, before.link(null, digest))).toBe(true)
    expect(after.fitsHead(1, 'x', before.headMac(1, 'x'))).toBe(true)
    expect(after.fitsBody({ ...event, actor: 'member' }, bodyHash)).toBe(false)
  })

  it.each([
    ['row', { id: '18' }],
    ['instant', { at: new Date('2026-11-24T09:00:00.124Z') }],
    ['type', { type: 'account_resumed' }],
    ['kind of actor', { actor: 'staff:17' }],
  ])('covers the %s without the body', (_, change) => {
    const { chain, bodyHash, digest } = digests()
    expect(chain.fitsDigest({ ...header, ...change }, bodyHash, digest)).toBe(false)
  })

  it('covers the hash of the body, and of the actor the kind only, because the person goes with the body', () => {
    const { chain, bodyHash } = digests()
    const byStaff = { ...header, actor: 'staff:17' }
    const digest = chain.digest(byStaff, bodyHash)
    expect(chain.fitsDigest({ ...byStaff, actor: 'staff' }, bodyHash, digest)).toBe(true)
    expect(chain.fitsDigest(byStaff, chain.bodyHash({ ...event, accountId: null }), digest)).toBe(false)
  })

  it('tells a value whose key is gone from the ring', () => {
    const { digest } = digests()
    expect(createAuditChain(createKeyedHash([key('next')])).knowsKeyOf(digest)).toBe(false)
  })

  it('binds each link to the one before, and the head to its place', () => {
    const { chain, digest } = digests()
    const first = chain.link(null, digest)
    expect(chain.fitsLink(first, digest, chain.link(first, digest))).toBe(true)
    expect(chain.fitsLink(null, digest, chain.link(first, digest))).toBe(false)
    expect(chain.fitsHead(2, first, chain.headMac(1, first))).toBe(false)
  })
})
