import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createKeyedHash } from '../gateways/field-encryption.ts'
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
    ['at', { at: new Date('2026-11-24T09:00:00.124Z') }],
    ['type', { type: 'account_resumed' }],
    ['actor', { actor: 'cli' }],
    ['account', { accountId: null }],
    ['data', { data: { reason: 'guardian', count: 2 } }],
  ])('changes with the %s', (_, change) => {
    expect(canonicalBody({ ...event, ...change })).not.toBe(canonicalBody(event))
  })
})

describe('audit chain', () => {
  it('still verifies what an older key of the ring made', () => {
    const [old, next] = [key('old'), key('next')]
    const before = createAuditChain(createKeyedHash([old]))
    const after = createAuditChain(createKeyedHash([next, old]))
    const digest = before.digest(event)
    expect(after.fitsBody(event, digest)).toBe(true)
    expect(after.fitsLink(null, digest, before.link(null, digest))).toBe(true)
    expect(after.fitsBody({ ...event, actor: 'member' }, digest)).toBe(false)
  })

  it('tells a value whose key is gone from the ring', () => {
    const digest = createAuditChain(createKeyedHash([key('old')])).digest(event)
    expect(createAuditChain(createKeyedHash([key('next')])).knowsKeyOf(digest)).toBe(false)
  })

  it('binds each link to the one before', () => {
    const chain = createAuditChain(createKeyedHash([key('a')]))
    const digest = chain.digest(event)
    const first = chain.link(null, digest)
    expect(chain.fitsLink(first, digest, chain.link(first, digest))).toBe(true)
    expect(chain.fitsLink(null, digest, chain.link(first, digest))).toBe(false)
  })
})
