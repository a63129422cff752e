import { randomBytes } from 'node:crypto'
import { afterEach, expect, it } from 'vitest'
import { createFieldEncryption, createKeyedHash } from '../../../src/crypto/field-encryption.ts'
import type { KeyRing } from '../../../src/crypto/key-ring.ts'
import { createSealingThreads, type PersonSealing } from '../../../src/services/register/person-sealing.ts'
import { valuesOfLine } from '../../../src/stores/database/copy-lines.ts'
import { personLineColumns, stagedLines } from '../../../src/stores/register/person-lines.ts'
import { openPerson, type PersonRow } from '../../../src/stores/register/person-record.ts'
import { erika } from '../../support/members.ts'

const ring = (...kids: string[]) => kids.map((kid) => ({ kid, secret: randomBytes(32) })) as unknown as KeyRing
const keys = { encryption: ring('new', 'old'), hash: ring('new', 'old') }
const protection = { encryption: createFieldEncryption(keys.encryption), hash: createKeyedHash(keys.hash) }
const now = new Date('2026-11-24T09:00:00Z')
const persons = (count: number, from = 0) =>
  Array.from({ length: count }, (_, n) => ({ ...erika, insuranceNumber: `X${String(from + n).padStart(9, '0')}` }))
const numbered = (count: number) => persons(count).map((person, index) => ({ line: index + 2, person }))

let sealing: PersonSealing
afterEach(() => sealing.close())

const rowOf = (line: string) => {
  const values = valuesOfLine(line)
  const row = Object.fromEntries(Object.keys(personLineColumns).map((name, index) => [name, values[index]]))
  const flag = (name: string) => row[name] === 'true'
  return {
    ...row,
    guardian_consent_required: flag('guardian_consent_required'),
    large_print: flag('large_print'),
  } as unknown as PersonRow
}

it('hash and seal what this thread would, each under its own row', async () => {
  sealing = createSealingThreads(keys)
  const odd = { ...erika, familyName: 'O\\Neill\tder\nZweite', deceasedOn: '2026-11-20', coverageTo: null }
  const given = [...persons(3), odd]
  const { hashes, lines } = await sealing.prepare(given, now)
  const rows = lines.map(rowOf)
  expect(rows.map((row) => openPerson(protection, row))).toEqual(given)
  expect(new Set(rows.map(({ id }) => id)).size).toBe(4)
  const [first, second] = rows as [PersonRow, PersonRow]
  expect(() => openPerson(protection, { ...first, given_name: second.given_name })).toThrow('cannot be opened')
  expect(hashes.map(([index]) => index)).toEqual(rows.map((row) => row.insurance_number_hash))
  expect(hashes.every((each) => each.length === 2)).toBe(true)
  expect(await sealing.stage(numbered(3))).toEqual(stagedLines(protection, numbered(3)))
})

it('give each batch its own answer, however many are asked for at once', async () => {
  sealing = createSealingThreads(keys)
  const answers = await Promise.all(
    Array.from({ length: 16 }, (_, n) => sealing.prepare(persons(20 - n, n * 100), now)),
  )
  for (const [n, { lines }] of answers.entries())
    expect(lines.map((line) => openPerson(protection, rowOf(line)))).toEqual(persons(20 - n, n * 100))
})

it('tell of a batch that cannot be sealed, and go on with the next', async () => {
  sealing = createSealingThreads(keys)
  await expect(sealing.prepare([{ ...erika, givenName: undefined as never }], now)).rejects.toThrow()
  expect((await sealing.prepare(persons(1), now)).lines).toHaveLength(1)
})

it('end at once, and leave nobody waiting', async () => {
  sealing = createSealingThreads(keys)
  const underWay = Array.from({ length: 8 }, () => sealing.prepare(persons(20_000), now))
  const outcomes = Promise.allSettled(underWay)
  await sealing.close()
  const faults = (await outcomes).map((outcome) => outcome.status === 'rejected' && outcome.reason.message)
  expect(faults).toEqual(Array(8).fill('a thread of the import has ended'))
  await expect(sealing.stage(numbered(1))).rejects.toThrow('has ended')
})
