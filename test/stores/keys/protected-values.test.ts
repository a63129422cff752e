import { randomUUID } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { insuranceNumberHash } from '../../../src/crypto/blind-index.ts'
import { createAccountStore } from '../../../src/stores/accounts/accounts.ts'
import type { Database } from '../../../src/stores/database/database.ts'
import { type ProtectedTable, placeOf, protectedTables } from '../../../src/stores/keys/protected-tables.ts'
import { createProtectedValueStore, type ValueFault } from '../../../src/stores/keys/protected-values.ts'
import { createInsuredPersonStore } from '../../../src/stores/register/insured-persons.ts'
import { erika, newAccount } from '../../support/members.ts'
import { describeOnBoth } from '../../support/stores/databases.ts'
import { createProtection } from '../../support/stores/protection.ts'

const protection = createProtection()
const numbers = ['A123456780', 'B204581379'] as const

const bytesOf = ({ passing = {} }: ProtectedTable) =>
  Object.keys(passing).filter((column) => passing[column]?.encryptedBytes)
const sealedOf = (spec: ProtectedTable) => [...spec.sealed, ...bytesOf(spec)]
const places = protectedTables.flatMap((spec) => sealedOf(spec).map((column) => ({ spec, column })))
const indexes = protectedTables.flatMap((spec) => Object.keys(spec.hashed ?? {}).map((column) => ({ spec, column })))

/** Something of the type for a column that must not be empty. */
const fillers: Readonly<Record<string, () => unknown>> = {
  uuid: () => randomUUID(),
  text: () => `x-${randomUUID()}`,
  bytea: () => Buffer.from('x'),
  'timestamp with time zone': () => new Date('2026-11-24T09:00:00Z'),
  date: () => '2026-11-24',
  integer: () => 0,
  smallint: () => 0,
  bigint: () => 0,
  boolean: () => false,
  jsonb: () => '{}',
  ARRAY: () => [],
}

/** Puts a row into a table, whatever its columns are, with every protected value bound to it. */
async function addRow(db: Database, spec: ProtectedTable, n: 0 | 1): Promise<Record<string, unknown>> {
  const columns = await db('information_schema.columns')
    .where({ table_schema: 'public', table_name: spec.table, is_nullable: 'NO', column_default: null })
    .select('column_name as name', 'data_type as type')
  const row: Record<string, unknown> = Object.fromEntries(columns.map(({ name, type }) => [name, fillers[type]?.()]))
  const sealed = { ...row, insurance_number: numbers[n] } as Record<string, unknown>
  for (const column of spec.sealed)
    row[column] = protection.encryption.encrypt(
      column === 'insurance_number' ? numbers[n] : `plain ${n}`,
      placeOf(spec.table, column, sealed),
    )
  for (const column of bytesOf(spec))
    row[column] = protection.encryption.encryptBytes(Buffer.from(`plain ${n}`), placeOf(spec.table, column, row))
  if (spec.table === 'unlock_letters') {
    const account = newAccount({ username: `m.${randomUUID().slice(0, 8)}`, insuranceNumber: numbers[n] })
    await createAccountStore(db, protection).create(account)
    row.account_id = account.id
  }
  for (const column of Object.keys(spec.hashed ?? {})) row[column] = insuranceNumberHash(protection.hash, numbers[n])
  await db(spec.table).insert(row)
  return row
}

const keyOf = (spec: ProtectedTable, row: Record<string, unknown>) =>
  Object.fromEntries(Object.keys(spec.key).map((column) => [column, row[column]]))

describeOnBoth('protected values', (database) => {
  const faults = async (spec: ProtectedTable) => {
    const found: ValueFault[] = []
    for await (const fault of createProtectedValueStore(database(), protection).faults(spec)) found.push(fault)
    return found
  }

  beforeAll(async () => {
    // The rows here are filled by type: words of states and references to other tables mean nothing to the test.
    const { rows } = await database().raw(
      `select conrelid::regclass::text as table, quote_ident(conname) as name from pg_constraint
       where contype in ('c', 'f') and conrelid = any(?::regclass[])`,
      [protectedTables.map(({ table }) => table)],
    )
    for (const { table, name } of rows) await database().raw(`alter table ${table} drop constraint ${name}`)
  })

  async function twoRows(spec: ProtectedTable) {
    for (const table of ['unlock_letters', 'accounts', spec.table]) await database()(table).delete()
    return [await addRow(database(), spec, 0), await addRow(database(), spec, 1)] as const
  }

  async function swap(spec: ProtectedTable, column: string) {
    const [a, b] = await twoRows(spec)
    expect(await faults(spec)).toEqual([])
    // A unique index lets no two rows hold the same for a moment.
    await database()(spec.table).where(keyOf(spec, a)).delete()
    await database()(spec.table)
      .where(keyOf(spec, b))
      .update({ [column]: a[column] })
    await database()(spec.table).insert({ ...a, [column]: b[column] })
    return [a, b].map((row) => placeOf(spec.table, column, row)).sort()
  }

  describe.each(places)('$spec.table.$column', ({ spec, column }) => {
    it('does not open in the row beside it, and the doctor names both', async () => {
      const both = await swap(spec, column)
      const found = await faults(spec)
      expect(found.map(({ place }) => place).sort()).toEqual(both)
      expect(new Set(found.map(({ fault }) => fault))).toEqual(new Set(['not_open']))
    })

    it('does not open in any other column, nor under the name of its column alone', async () => {
      const [a] = await twoRows(spec)
      const open = (place: string) =>
        Buffer.isBuffer(a[column])
          ? protection.encryption.decryptBytes(a[column], place)
          : protection.encryption.decrypt(String(a[column]), place)
      expect(open(placeOf(spec.table, column, a)).toString()).toMatch(/^plain 0$|^A123456780$/)
      const id = randomUUID()
      const everyKey = {
        ...a,
        id,
        run_id: id,
        worker: id,
        name: 'x',
        index: 0,
        model: 'x',
        id_hash: 'x',
        kid: 'x',
        client_id: 'x',
        key: 'x',
      }
      const own = placeOf(spec.table, column, a)
      for (const { spec: other, column: there } of places) {
        for (const row of [a, everyKey]) {
          const key = { letter_id: id, ...everyKey, ...row }
          const place = placeOf(other.table, there, key)
          if (place !== own) expect(() => open(place), place).toThrow()
        }
      }
      expect(() => open(`${spec.table}.${column}`)).toThrow()
    })
  })

  it.each(indexes)('finds an index in $spec.table.$column that was moved to another row', async ({ spec, column }) => {
    const both = await swap(spec, column)
    const found = await faults(spec)
    expect(found.map(({ place }) => place).sort()).toEqual(both)
    expect(new Set(found.map(({ fault }) => fault))).toEqual(new Set(['other_number']))
  })

  it('gives nobody to a look-up by an index that was moved', async () => {
    await database()('insured_persons').delete()
    const store = createInsuredPersonStore(database(), protection)
    const other = { ...erika, insuranceNumber: numbers[1] }
    await store.upsertMany([{ ...erika, insuranceNumber: numbers[0] }], new Date())
    const { insurance_number_hash: own } = await database()('insured_persons').first()
    await database()('insured_persons').update({ insurance_number_hash: 'test.moved' })
    await store.upsertMany([other], new Date())
    await database()('insured_persons').where({ insurance_number_hash: 'test.moved' }).delete()
    await database()('insured_persons').update({ insurance_number_hash: own })
    await expect(store.findByInsuranceNumber(numbers[0])).rejects.toThrow('blind index')
    const accounts = createAccountStore(database(), protection)
    const account = newAccount({ username: 'moved', insuranceNumber: numbers[1] })
    await accounts.create(account)
    await database()('accounts').where({ id: account.id }).update({ insurance_number_hash: own })
    await expect(accounts.findAllByNumberHashes([own])).rejects.toThrow('blind index')
  })
})
