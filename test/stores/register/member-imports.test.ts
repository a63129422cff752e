import { randomUUID } from 'node:crypto'
import { beforeEach, expect, it } from 'vitest'
import { createFieldEncryption, createKeyedHash } from '../../../src/crypto/field-encryption.ts'
import type { KeyRing } from '../../../src/crypto/key-ring.ts'
import type { InsuredPerson } from '../../../src/domain/register/eligibility.ts'
import { createStores } from '../../../src/stores/index.ts'
import { stagedLines } from '../../../src/stores/register/person-lines.ts'
import { erika } from '../../support/members.ts'
import { describeOnBoth } from '../../support/stores/databases.ts'
import { newKey } from '../../support/stores/protection.ts'

const [oldKey, youngKey] = [newKey('old'), newKey('young')]
const now = new Date('2026-11-24T09:00:00Z')
const day = { today: '2026-11-24', lastDay: '2026-11-23' }

const person = (n: number): InsuredPerson => ({ ...erika, insuranceNumber: `X${String(n).padStart(9, '0')}` })
const persons = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => person(from + n))
/** As a file names them: the heading is line 1. */
const numbered = (list: InsuredPerson[]) => list.map((each, index) => ({ line: index + 2, person: each }))

describeOnBoth('imports of the register', (database) => {
  const stores = (...ring: KeyRing) =>
    createStores(database(), { encryption: createFieldEncryption(ring), hash: createKeyedHash(ring) })
  const note = (ring: KeyRing, list: InsuredPerson[]) =>
    database().transaction((trx) => {
      const protection = { encryption: createFieldEncryption(ring), hash: createKeyedHash(ring) }
      return createStores(trx, protection).memberImports.note(stagedLines(protection, numbered(list)))
    })
  const linesToApply = async (...ring: KeyRing) => {
    const found: number[] = []
    const noted = await database()('member_import_rows').where({ slot: 0 }).count('* as n').first()
    await stores(...ring).memberImports.findLinesToApply(Number(noted?.n), (lines) => found.push(...lines))
    return found.sort((one, other) => one - other)
  }

  beforeEach(async () => {
    for (const table of ['insured_persons', 'member_import_rows', 'member_import_leavers', 'member_import_leases'])
      await database()(table).delete()
  })

  it('finds in the database who is new and who has changed', async () => {
    await stores(oldKey).insuredPersons.upsertMany(persons(0, 4), now)
    await note([oldKey], [person(0), { ...person(1), givenName: 'Else' }, person(2), person(3), person(4)])
    expect(await linesToApply(oldKey)).toEqual([3, 6])
  })

  it('finds them while keys rotate, whichever key has written a person', async () => {
    await stores(oldKey).insuredPersons.upsertMany(persons(0, 2), now)
    await stores(youngKey, oldKey).insuredPersons.upsertMany([person(2)], now)
    await note([youngKey, oldKey], persons(0, 4))
    expect(await linesToApply(youngKey, oldKey)).toEqual([5])
  })

  it('takes nobody for unchanged whose row was changed by a version that knows no fingerprints', async () => {
    await stores(oldKey).insuredPersons.upsertMany(persons(0, 2), now)
    await database()('insured_persons').update({ updated_at: new Date('2026-11-25T09:00:00Z') })
    await note([oldKey], persons(0, 2))
    expect(await linesToApply(oldKey)).toEqual([2, 3])
  })

  it('ends the coverage of who is missing, unless they have changed since', async () => {
    const { insuredPersons, memberImports } = stores(oldKey)
    await insuredPersons.upsertMany(persons(0, 5), now)
    await note([oldKey], persons(0, 3))
    expect(await memberImports.noteLeavers(day.today, 3)).toEqual({ covered: 5, left: 2 })
    await insuredPersons.upsertMany([{ ...person(4), givenName: 'Else' }], new Date('2026-11-24T10:00:00Z'))
    const end = (after: string | null) =>
      database().transaction((trx) =>
        createStores(trx, {
          encryption: createFieldEncryption([oldKey]),
          hash: createKeyedHash([oldKey]),
        }).memberImports.endCoverage(after, day, now),
      )
    const ended = await end(null)
    expect(ended).toMatchObject({ count: 1, hashes: [expect.any(String)] })
    expect(await end(ended?.last ?? null)).toBeNull()
    expect((await insuredPersons.findByInsuranceNumber(person(3).insuranceNumber))?.coverageTo).toBe(day.lastDay)
    expect((await insuredPersons.findByInsuranceNumber(person(4).insuranceNumber))?.coverageTo).toBeNull()
  })

  it('ends nothing when the database has lost what the file says', async () => {
    const { insuredPersons, memberImports } = stores(oldKey)
    await insuredPersons.upsertMany(persons(0, 3), now)
    await note([oldKey], persons(0, 3))
    await database()('member_import_rows').where({ line: 3 }).delete()
    await expect(memberImports.noteLeavers(day.today, 3)).rejects.toThrow('restarted')
    await expect(memberImports.findLinesToApply(3, () => {})).rejects.toThrow('restarted')
    expect(await database()('member_import_leavers').first()).toBeUndefined()
  })

  it('forgets what an import has left that died, and nothing of one that lives', async () => {
    const { memberImports } = stores(oldKey)
    await memberImports.begin(randomUUID())
    await note([oldKey], persons(0, 3))
    expect(await memberImports.forgetDead()).toBe(0)
    expect(await database()('member_import_rows')).toHaveLength(3)
    await database()('member_import_leases').update({ busy_until: new Date(Date.now() - 1000) })
    expect(await memberImports.forgetDead()).toBe(1)
    expect(await database()('member_import_rows').first()).toBeUndefined()
    expect(await memberImports.begin(randomUUID())).toBeNull()
  })
})
