import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { InsuredPerson } from '../domain/eligibility.ts'
import { insuranceNumberHash, insuranceNumberHashes } from './blind-index.ts'
import type { Database } from './database.ts'
import { registerLock } from './protected-tables.ts'
import type { Protection } from './protection.ts'

const batchSize = 500

/** How many persons an import added, changed and found unchanged; `changedHashes`: blind indexes of the changed ones. */
export type UpsertCounts = { added: number; changed: number; unchanged: number; changedHashes: string[] }

/** Creates the store of the membership register; it is written by imports only (mission.md, "Membership register"). */
export function createInsuredPersonStore(db: Database, { encryption, hash }: Protection) {
  const protect = createRowProtection(encryption)

  async function upsertBatch(trx: Database, batch: readonly InsuredPerson[], now: Date): Promise<UpsertCounts> {
    const total: UpsertCounts = { added: 0, changed: 0, unchanged: 0, changedHashes: [] }
    const hashesOf = new Map(batch.map((person) => [person, insuranceNumberHashes(hash, person.insuranceNumber)]))
    const rows = await findRows(trx, [...hashesOf.values()].flat())
    const known = new Map(rows.map((row) => [row.insurance_number_hash, row]))
    const writes = batch.flatMap((person) => {
      const hashes = hashesOf.get(person) ?? []
      const row = hashes.map((candidate) => known.get(candidate)).find(Boolean)
      if (row && isDeepStrictEqual(protect.open(row), person)) {
        total.unchanged++
        return []
      }
      total[row ? 'changed' : 'added']++
      if (row) total.changedHashes.push(...hashes)
      // A person keeps the index of the key it was first stored under: accounts may hold the same one.
      const index = row?.insurance_number_hash ?? insuranceNumberHash(hash, person.insuranceNumber)
      return [{ ...protect.seal(person), insurance_number_hash: index, created_at: now, updated_at: now }]
    })
    await write(trx, writes)
    return total
  }

  return {
    async findByInsuranceNumber(insuranceNumber: string): Promise<InsuredPerson | null> {
      const [row] = await findRows(db, insuranceNumberHashes(hash, insuranceNumber))
      return row ? protect.open(row) : null
    },

    /** The persons of the register with one of these blind indexes, by their index. */
    async findByHashes(hashes: string[]): Promise<Map<string, InsuredPerson>> {
      const rows = await findRows(db, hashes)
      return new Map(rows.map((row) => [row.insurance_number_hash, protect.open(row)]))
    },

    /** How many persons of the register are other than these. */
    async countOthers(insuranceNumbers: ReadonlySet<string>): Promise<number> {
      const hashes = [...insuranceNumbers].flatMap((number) => insuranceNumberHashes(hash, number))
      const row = await db('insured_persons').whereNotIn('insurance_number_hash', hashes).count('* as others').first()
      return Number(row?.others ?? 0)
    },

    /** Finds a person by the blind index of the insurance number. */
    async findByHash(insuranceNumberHash: string): Promise<InsuredPerson | null> {
      const [row] = await findRows(db, [insuranceNumberHash])
      return row ? protect.open(row) : null
    },

    /**
     * Adds and changes persons in batches; only one transaction imports at a time. No number may stand twice in `persons`.
     * `changedHashes` holds each changed number's blind index under every key of the ring, for look-ups while keys rotate.
     */
    upsertMany: (persons: readonly InsuredPerson[], now: Date): Promise<UpsertCounts> =>
      db.transaction(async (tx) => {
        await tx.raw('select pg_advisory_xact_lock(?)', [registerLock])
        const sum: UpsertCounts = { added: 0, changed: 0, unchanged: 0, changedHashes: [] }
        for (let start = 0; start < persons.length; start += batchSize) {
          const counts = await upsertBatch(tx, persons.slice(start, start + batchSize), now)
          for (const key of ['added', 'changed', 'unchanged'] as const) sum[key] += counts[key]
          sum.changedHashes.push(...counts.changedHashes)
        }
        return sum
      }),
  }
}

const plainColumns = ['insurance_number_hash', 'insurer_number', 'guardian_consent_required', 'large_print'] as const
const sealedColumns = ['insurance_number', 'given_name', 'family_name', 'birth_date', 'address'] as const
const dayColumns = ['coverage_from', 'coverage_to', 'deceased_on'] as const

type Row = Record<
  (typeof sealedColumns)[number] | 'insurance_number_hash' | 'insurer_number' | 'coverage_from',
  string
> &
  Record<'coverage_to' | 'deceased_on', string | null> &
  Record<'guardian_consent_required' | 'large_print', boolean>

function findRows(db: Database, hashes: string[]): Promise<Row[]> {
  // Days are read as text: a driver's Date would carry a time zone that they do not have.
  const days = dayColumns.map((name) => db.raw('??::text as ??', [name, name]))
  const columns = [...plainColumns, ...sealedColumns, ...days]
  return db('insured_persons').whereIn('insurance_number_hash', hashes).select(columns)
}

async function write(db: Database, rows: object[]): Promise<void> {
  if (rows.length === 0) return
  const merged = [...plainColumns, ...sealedColumns, ...dayColumns, 'updated_at']
  await db('insured_persons')
    .insert(rows.map((row) => ({ id: randomUUID(), ...row })))
    .onConflict('insurance_number_hash')
    .merge(merged)
}

/** Translates between persons and rows; each encrypted value is bound to its column. */
function createRowProtection(encryption: Protection['encryption']) {
  const seal = (value: string, column: (typeof sealedColumns)[number]) =>
    encryption.encrypt(value, `insured_persons.${column}`)
  const open = (row: Row, column: (typeof sealedColumns)[number]) =>
    encryption.decrypt(row[column], `insured_persons.${column}`)
  return {
    seal: (person: InsuredPerson) => ({
      insurance_number: seal(person.insuranceNumber, 'insurance_number'),
      insurer_number: person.insurerNumber,
      given_name: seal(person.givenName, 'given_name'),
      family_name: seal(person.familyName, 'family_name'),
      birth_date: seal(person.birthDate, 'birth_date'),
      address: seal(JSON.stringify(person.address), 'address'),
      coverage_from: person.coverageFrom,
      coverage_to: person.coverageTo,
      guardian_consent_required: person.guardianConsentRequired,
      deceased_on: person.deceasedOn,
      large_print: person.largePrint,
    }),
    open: (row: Row): InsuredPerson => ({
      insuranceNumber: open(row, 'insurance_number'),
      insurerNumber: row.insurer_number,
      givenName: open(row, 'given_name'),
      familyName: open(row, 'family_name'),
      birthDate: open(row, 'birth_date'),
      address: JSON.parse(open(row, 'address')),
      coverageFrom: row.coverage_from,
      coverageTo: row.coverage_to,
      guardianConsentRequired: row.guardian_consent_required,
      deceasedOn: row.deceased_on,
      largePrint: row.large_print,
    }),
  }
}
