import { randomUUID } from 'node:crypto'
import { beforeEach, expect, it } from 'vitest'
import { fingerprintOf, type Key } from '../../../src/crypto/key-ring.ts'
import { createKeyRingStore, type HeldRings } from '../../../src/stores/keys/key-rings.ts'
import { describeOnServer, sixteenTimes } from '../../support/stores/databases.ts'
import { newKey } from '../../support/stores/protection.ts'

const [oldKey, freshKey] = [newKey('old'), newKey('new')]
const hold = (...keys: Key[]): HeldRings => {
  const ring = keys.map((key) => ({ kid: key.kid, fingerprint: fingerprintOf(key) }))
  return { cookie: ring, encryption: ring, hash: ring }
}

describeOnServer('key rings of processes', (database) => {
  const store = () => createKeyRingStore(database())
  const start = (process: string, rings: HeldRings, id = randomUUID()) =>
    store().announce({ id, process, signingKids: [] }, rings)
  beforeEach(async () => {
    for (const table of ['key_ring_keys', 'key_holders', 'key_rewrites']) await database()(table).delete()
  })

  it('lets a new key write only once every process at work can read it', async () => {
    const [a, b] = [randomUUID(), randomUUID()]
    expect(await start('a', hold(oldKey), a)).toBeNull()
    expect(await start('b', hold(oldKey), b)).toBeNull()
    const refused = { reason: 'not_everywhere', kid: 'new' }
    expect(await start('c', hold(freshKey, oldKey))).toMatchObject({ ...refused, processes: ['a', 'b'] })
    expect(await start('a', hold(oldKey, freshKey), a)).toBeNull()
    expect(await start('c', hold(freshKey, oldKey))).toMatchObject({ ...refused, processes: ['b'] })
    await store().leave(b)
    expect(await start('c', hold(freshKey, oldKey))).toBeNull()
  })

  it('forgets a process that died without a word after two minutes', async () => {
    const died = randomUUID()
    await start('died', hold(oldKey), died)
    await database()('key_holders').update({ seen_at: database().raw("now() - interval '121 seconds'") })
    expect(await store().living()).toEqual([])
    expect(await store().beat(died, [])).toBe(false)
    expect(await start('next', hold(freshKey, oldKey))).toBeNull()
  })

  it('refuses a start without a key that has written, until it is retired', async () => {
    const first = randomUUID()
    await start('a', hold(oldKey), first)
    await start('a', hold(oldKey, freshKey), first)
    await store().leave(first)
    expect(await start('b', hold(freshKey))).toEqual({ reason: 'missing', ring: 'encryption', kid: 'old' })
    expect(await start('b', hold(freshKey, oldKey))).toBeNull()
    for (const ring of ['encryption', 'hash'] as const) expect(await store().retire(ring, 'old')).toBe(true)
    expect(await store().retire('hash', 'old')).toBe(false)
    expect(await start('c', hold(freshKey))).toBeNull()
  })

  it('lets a key that has never written be left out again', async () => {
    const id = randomUUID()
    await start('a', hold(oldKey), id)
    await start('a', hold(oldKey, freshKey), id)
    expect(await start('a', hold(oldKey), id)).toBeNull()
  })

  it('refuses another key under a known id', async () => {
    await start('a', hold(oldKey))
    expect(await start('b', hold(newKey('old')))).toEqual({ reason: 'differs', ring: 'cookie', kid: 'old' })
  })

  it('lets rows be gone through anew when a process writes with another key again', async () => {
    const id = randomUUID()
    await start('a', hold(freshKey, oldKey), id)
    const pass = { table_name: 'accounts', target: 'new/new', rows_total: 0, started_at: new Date() }
    await database()('key_rewrites').insert(pass)
    await start('a', hold(freshKey, oldKey), id)
    expect(await database()('key_rewrites')).toHaveLength(1)
    await start('a', hold(oldKey, freshKey), id)
    expect(await database()('key_rewrites')).toHaveLength(0)
  })

  it('keeps no key', async () => {
    await start('a', hold(oldKey))
    const stored = JSON.stringify([await database()('key_ring_keys'), await database()('key_holders')])
    for (const form of ['base64', 'base64url', 'hex'] as const)
      expect(stored).not.toContain(oldKey.secret.toString(form).slice(0, 20))
  })
})

describeOnServer('key rings of processes that start at once', (database) => {
  it('never let two of 16 write with keys that the others cannot read', async () => {
    const rings = [hold(oldKey), hold(freshKey)]
    const outcomes = await sixteenTimes((n) =>
      createKeyRingStore(database()).announce(
        { id: randomUUID(), process: `p${n}`, signingKids: [] },
        rings[n % 2] as HeldRings,
      ),
    )
    expect(outcomes.filter((refusal) => refusal === null)).toHaveLength(8)
    const writers = (await createKeyRingStore(database()).living()).map((holder) => holder.rings.encryption[0])
    expect(new Set(writers).size).toBe(1)
  })
})
