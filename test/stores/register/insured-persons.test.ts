import { randomBytes } from 'node:crypto'
import { beforeEach, expect, it } from 'vitest'
import { insuranceNumberHash } from '../../../src/crypto/blind-index.ts'
import { createFieldEncryption, createKeyedHash } from '../../../src/crypto/field-encryption.ts'
import type { KeyRing } from '../../../src/crypto/key-ring.ts'
import type { InsuredPerson } from '../../../src/domain/register/eligibility.ts'
import { createInsuredPersonStore } from '../../../src/stores/register/insured-persons.ts'
import { erika } from '../../support/members.ts'
import { describeOnBoth } from '../../support/stores/databases.ts'

const key = (kid: string) => ({ kid, secret: randomBytes(32) })
const [oldKey, newKey] = [key('old'), key('new')]
const protection = (...ring: KeyRing) => ({ encryption: createFieldEncryption(ring), hash: createKeyedHash(ring) })
const now = new Date('2026-11-24T09:00:00Z')

const max: InsuredPerson = { ...erika, insuranceNumber: 'B204581379', givenName: 'Max', coverageTo: '2027-03-31' }

const persons = (count: number): InsuredPerson[] =>
  Array.from({ length: count }, (_, n) => ({ ...erika, insuranceNumber: `X${String(n).padStart(9, '0')}` }))

describeOnBoth('insured persons', (database) => {
  const store = (...ring: KeyRing) => createInsuredPersonStore(database(), protection(...ring))

  beforeEach(async () => {
    await database()('insured_persons').delete()
  })

  it('gives back a person as imported, by number and by blind index', async () => {
    expect(await store(oldKey).upsertMany([erika, max], now)).toMatchObject({ added: 2, changed: 0, unchanged: 0 })
    expect(await store(oldKey).findByInsuranceNumber('B204581379')).toEqual(max)
    const index = insuranceNumberHash(protection(oldKey).hash, erika.insuranceNumber)
    expect(await store(oldKey).findByHash(index)).toEqual(erika)
    expect(await store(oldKey).findByInsuranceNumber('Z987654321')).toBeNull()
  })

  it('keeps nothing personal in clear', async () => {
    await store(oldKey).upsertMany([erika], now)
    const row = JSON.stringify(await database()('insured_persons').first())
    for (const value of ['A123456780', 'Erika', 'Mustermann', '1964-08-12', 'Ahornweg', '80993', 'München'])
      expect(row).not.toContain(value)
  })

  it('counts what is new, changed and unchanged, and names the changed ones', async () => {
    await store(oldKey).upsertMany([erika], now)
    const moved = { ...erika, address: { ...erika.address, street: 'Kirchberg 9' } }
    const later = new Date('2026-12-01T09:00:00Z')
    expect(await store(oldKey).upsertMany([moved, max], later)).toEqual({
      added: 1,
      changed: 1,
      unchanged: 0,
      changedHashes: [insuranceNumberHash(protection(oldKey).hash, erika.insuranceNumber)],
    })
    expect(await store(oldKey).upsertMany([moved, max], later)).toMatchObject({ added: 0, changed: 0, unchanged: 2 })
    expect(await store(oldKey).findByInsuranceNumber(erika.insuranceNumber)).toEqual(moved)
    const rows = await database()('insured_persons').orderBy('created_at')
    expect(rows.map((row) => [row.created_at, row.updated_at])).toEqual([
      [now, later],
      [later, later],
    ])
  })

  it('finds and changes a person under the key of the first import while keys rotate', async () => {
    await store(oldKey).upsertMany([erika], now)
    const rotated = store(newKey, oldKey)
    expect(await rotated.findByInsuranceNumber(erika.insuranceNumber)).toEqual(erika)
    const counts = await rotated.upsertMany([{ ...erika, deceasedOn: '2026-11-20' }], now)
    expect(counts).toMatchObject({ added: 0, changed: 1 })
    expect(counts.changedHashes).toContain(insuranceNumberHash(protection(oldKey).hash, erika.insuranceNumber))
    expect(await database()('insured_persons').select('id')).toHaveLength(1)
  })

  it('knows an unchanged person by the fingerprint, under any key of the ring, without decrypting', async () => {
    await store(oldKey).upsertMany([erika], now)
    await database()('insured_persons').update({ given_name: 'cannot be opened' })
    expect(await store(oldKey).upsertMany([erika], now)).toMatchObject({ unchanged: 1, changed: 0 })
    expect(await store(newKey, oldKey).upsertMany([erika], now)).toMatchObject({ unchanged: 1, changed: 0 })
  })

  it('takes a fingerprint for void when a version that knows none has changed the person', async () => {
    await store(oldKey).upsertMany([erika], now)
    const later = new Date('2026-11-25T09:00:00Z')
    await database()('insured_persons').update({ coverage_to: '2026-01-31', updated_at: later })
    expect(await store(oldKey).upsertMany([erika], later)).toMatchObject({ unchanged: 0, changed: 1 })
    expect(await store(oldKey).findByInsuranceNumber(erika.insuranceNumber)).toEqual(erika)
  })

  it('gives a person without a fingerprint one, and leaves the rest as it is', async () => {
    await store(oldKey).upsertMany([erika], now)
    const before = await database()('insured_persons').first()
    await database()('insured_persons').update({ record_fingerprint: null, fingerprinted_at: null })
    const later = new Date('2026-11-25T09:00:00Z')
    expect(await store(oldKey).upsertMany([erika], later)).toMatchObject({ unchanged: 1, changed: 0 })
    expect(await database()('insured_persons').first()).toEqual(before)
  })

  it('adds each person once when 16 imports run at once', async () => {
    const many = persons(200)
    const results = await Promise.all(Array.from({ length: 16 }, () => store(oldKey).upsertMany(many, now)))
    expect(results.filter(({ added }) => added === 200)).toHaveLength(1)
    expect(results.filter(({ unchanged }) => unchanged === 200)).toHaveLength(15)
  })

  it('imports more persons than one batch holds', async () => {
    const many = persons(2001)
    expect(await store(oldKey).upsertMany(many, now)).toMatchObject({ added: 2001, changedHashes: [] })
    expect(await store(oldKey).findByInsuranceNumber('X000002000')).toEqual(many[2000])
  })
})
