import { randomBytes } from 'node:crypto'
import { beforeEach, expect, it } from 'vitest'
import { createFieldEncryption } from '../../../src/crypto/field-encryption.ts'
import { createPairwiseIdentifier } from '../../../src/oidc/clients/pairwise.ts'
import { createSigningKey } from '../../../src/oidc/signing-keys.ts'
import { createSigningKeyStore } from '../../../src/stores/keys/signing-keys.ts'
import { describeOnBoth } from '../../support/stores/databases.ts'

const now = new Date('2026-11-24T09:00:00Z')
const key = (kid: string) => ({ kid, secret: randomBytes(32) })
const [oldKey, newKey] = [key('old'), key('new')]

describeOnBoth('keys of the provider', (database) => {
  const store = (...ring: [typeof oldKey, ...(typeof oldKey)[]]) =>
    createSigningKeyStore(database(), { encryption: createFieldEncryption(ring) })
  beforeEach(async () => {
    await database()('signing_keys').delete()
    await database()('derivation_secrets').delete()
  })

  it('takes one key of 16 processes that start at once', async () => {
    const keys = await Promise.all(Array.from({ length: 16 }, () => createSigningKey('ES256')))
    const added = await Promise.all(keys.map((one) => store(oldKey).add(one, 'current', now)))
    expect(added.filter(Boolean)).toHaveLength(1)
    expect(await store(oldKey).list()).toHaveLength(1)
  })

  it('lists current keys before next ones and those before retired ones', async () => {
    for (const state of ['retired', 'next', 'current'] as const)
      await store(oldKey).add(await createSigningKey('ES256'), state, now)
    expect((await store(oldKey).list()).map(({ state }) => state)).toEqual(['current', 'next', 'retired'])
  })

  it('keeps no private part in clear', async () => {
    const jwk = await createSigningKey('ES256')
    await store(oldKey).add(jwk, 'current', now)
    expect(JSON.stringify(await database()('signing_keys'))).not.toContain(jwk.d)
  })

  it('derives the same subject for ever, whoever starts first and whichever key encrypts', async () => {
    const starts = Array.from({ length: 16 }, () => createPairwiseIdentifier(store(oldKey), now))
    const identifiers = await Promise.all(starts)
    const subjects = identifiers.map((identify) => identify('third.example', 'account-1'))
    expect(new Set(subjects).size).toBe(1)
    const later = await createPairwiseIdentifier(store(newKey, oldKey), now)
    expect(later('third.example', 'account-1')).toBe(subjects[0])
    expect(later('fourth.example', 'account-1')).not.toBe(subjects[0])
    expect(later('third.example', 'account-2')).not.toBe(subjects[0])
  })
})
