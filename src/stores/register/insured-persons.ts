import { isDeepStrictEqual } from 'node:util'
import { insuranceNumberHashes } from '../../crypto/blind-index.ts'
import type { Protection } from '../../crypto/protection.ts'
import type { InsuredPerson } from '../../domain/register/eligibility.ts'
import { holdLock } from '../database/advisory-locks.ts'
import type { Database } from '../database/database.ts'
import { type LeftOut, openEach } from '../open-each.ts'
import { type PersonLines, personLine, preparePersons } from './person-lines.ts'
import {
  openPerson,
  type PersonRow,
  personColumns,
  personDayColumns,
  recordFingerprint,
  recordFingerprints,
  sealPerson,
} from './person-record.ts'
import { refreshFingerprints, writePersons } from './person-writes.ts'

const batchSize = 2000

/** How many persons an import added, changed and found unchanged; `changedHashes`: blind indexes of the changed ones. */
export type UpsertCounts = { added: number; changed: number; unchanged: number; changedHashes: string[] }

/** Creates the store of the membership register; it is written by imports only (mission.md, "Membership register"). */
export function createInsuredPersonStore(db: Database, protection: Protection) {
  const { hash } = protection

  async function upsertBatch(
    trx: Database,
    batch: readonly InsuredPerson[],
    prepared: PersonLines,
    now: Date,
  ): Promise<UpsertCounts> {
    const total: UpsertCounts = { added: 0, changed: 0, unchanged: 0, changedHashes: [] }
    const rows = await findRows(trx, prepared.hashes.flat())
    const known = new Map(rows.map((row) => [row.insurance_number_hash, row]))
    const written: string[] = []
    const refreshed: { hash: string; fingerprint: string }[] = []
    for (const [index, person] of batch.entries()) {
      const hashes = prepared.hashes[index] ?? []
      const row = hashes.map((candidate) => known.get(candidate)).find(Boolean)
      const state = row ? compare(protection, row, person) : 'added'
      total[state === 'refreshed' ? 'unchanged' : state]++
      if (state === 'refreshed' && row)
        refreshed.push({ hash: row.insurance_number_hash, fingerprint: recordFingerprint(protection, person) })
      if (state === 'changed') total.changedHashes.push(...hashes)
      if (state === 'added') written.push(prepared.lines[index] ?? '')
      if (state !== 'changed' || !row) continue
      // A person keeps the index of the key it was first stored under: accounts may hold the same one.
      const { insurance_number_hash } = row
      const sealed = { ...sealPerson(protection, row.id, person), insurance_number_hash }
      written.push(personLine(protection, sealed, person, now))
    }
    await writePersons(trx, written)
    await refreshFingerprints(trx, refreshed)
    return total
  }

  return {
    async findByInsuranceNumber(insuranceNumber: string): Promise<InsuredPerson | null> {
      const [row] = await findRows(db, insuranceNumberHashes(hash, insuranceNumber))
      return row ? openPerson(protection, row) : null
    },

    /** Lets no import change the person until the end of the transaction; waits for one that has. */
    async hold(insuranceNumber: string): Promise<void> {
      const hashes = insuranceNumberHashes(hash, insuranceNumber)
      await db('insured_persons')
        .whereRaw('insurance_number_hash = any(?::text[])', [hashes])
        .forShare()
        .select('insurance_number_hash')
    },

    /** The persons of the register with one of these blind indexes, by their index. */
    async findByHashes(hashes: string[], leftOut?: LeftOut): Promise<Map<string, InsuredPerson>> {
      const rows = await findRows(db, hashes)
      const open = (row: PersonRow) => [row.insurance_number_hash, openPerson(protection, row)] as const
      return new Map(openEach(rows, open, leftOut))
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
      return row ? openPerson(protection, row) : null
    },

    /**
     * Adds and changes persons in batches; only one transaction imports at a time. No number may stand twice in `persons`.
     * `changedHashes` holds each changed number's blind index under every key of the ring, for look-ups while keys rotate. `prepared`: what
     * was hashed and sealed of them before, with the same `now`.
     */
    upsertMany: (
      persons: readonly InsuredPerson[],
      now: Date,
      prepared: PersonLines = preparePersons(protection, persons, now),
    ): Promise<UpsertCounts> =>
      db.transaction(async (tx) => {
        await holdLock(tx, 'register')
        const sum: UpsertCounts = { added: 0, changed: 0, unchanged: 0, changedHashes: [] }
        for (let start = 0; start < persons.length; start += batchSize) {
          const end = start + batchSize
          const own = { hashes: prepared.hashes.slice(start, end), lines: prepared.lines.slice(start, end) }
          const counts = await upsertBatch(tx, persons.slice(start, end), own, now)
          for (const key of ['added', 'changed', 'unchanged'] as const) sum[key] += counts[key]
          sum.changedHashes.push(...counts.changedHashes)
        }
        return sum
      }),
  }
}

/** A row as it is read; `record_fingerprint` is null when it is void. */
type ReadRow = PersonRow & { record_fingerprint: string | null }

/** `refreshed`: unchanged, but its fingerprint is void, or of a key that is gone. */
function compare(protection: Protection, row: ReadRow, person: InsuredPerson): 'unchanged' | 'refreshed' | 'changed' {
  const { record_fingerprint } = row
  if (record_fingerprint && recordFingerprints(protection, person).includes(record_fingerprint)) return 'unchanged'
  return isDeepStrictEqual(openPerson(protection, row), person) ? 'refreshed' : 'changed'
}

function findRows(db: Database, hashes: string[]): Promise<ReadRow[]> {
  const days = personDayColumns.map((name) => db.raw('??::text as ??', [name, name]))
  const fingerprint = db.raw(
    'case when fingerprinted_at = updated_at then record_fingerprint end as record_fingerprint',
  )
  // One array instead of thousands of parameters: the statement's text is the same for every batch.
  return db('insured_persons')
    .whereRaw('insurance_number_hash = any(?::text[])', [hashes])
    .select([...personColumns, ...days, fingerprint])
}
