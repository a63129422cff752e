import { type LoadedColumns, loadRows } from '../database/bulk-load.ts'
import type { Database } from '../database/database.ts'
import { type PersonRow, personColumns, personDayColumns } from './person-record.ts'

const merged = [
  ...personColumns.filter((name) => name !== 'id'),
  ...personDayColumns,
  'record_fingerprint',
  'updated_at',
  'fingerprinted_at',
] as const

/** Types of what is not text. */
const types: LoadedColumns = {
  id: 'uuid',
  ...Object.fromEntries(personDayColumns.map((name) => [name, 'date'])),
  guardian_consent_required: 'boolean',
  large_print: 'boolean',
  created_at: 'timestamptz',
  updated_at: 'timestamptz',
  fingerprinted_at: 'timestamptz',
}
const columns: LoadedColumns = Object.fromEntries(
  ['id', ...merged, 'created_at'].map((name) => [name, types[name] ?? 'text']),
)

/**
 * Adds persons, or changes those of the same blind index, within a transaction that holds the register's lock. They are loaded
 * into a table that only this transaction sees, because COPY knows no conflicts.
 */
export async function writePersons(
  trx: Database,
  persons: readonly (PersonRow & { record_fingerprint: string })[],
  now: Date,
): Promise<void> {
  if (persons.length === 0) return
  const names = Object.keys(columns)
  const rows = persons.map((person) => {
    const row: Record<string, string | boolean | Date | null> = {
      ...{ created_at: now, updated_at: now, fingerprinted_at: now },
      ...person,
    }
    return names.map((name) => row[name] ?? null)
  })
  await trx.raw('create temporary table if not exists person_batch (like insured_persons) on commit drop')
  await loadRows(trx, 'person_batch', columns, rows)
  await trx.raw(
    `insert into insured_persons (${names.join(', ')}) select ${names.join(', ')} from person_batch
     on conflict (insurance_number_hash) do update set ${merged.map((name) => `${name} = excluded.${name}`).join(', ')}`,
  )
  await trx.raw('truncate person_batch')
}

/** Notes the fingerprints of persons who were compared in full and found unchanged; `updated_at` stays. */
export async function refreshFingerprints(
  trx: Database,
  persons: readonly { hash: string; fingerprint: string }[],
): Promise<void> {
  if (persons.length === 0) return
  await trx.raw(
    `update insured_persons p set record_fingerprint = v.fingerprint, fingerprinted_at = p.updated_at
     from unnest(?::text[], ?::text[]) as v (hash, fingerprint) where p.insurance_number_hash = v.hash`,
    [persons.map(({ hash }) => hash), persons.map(({ fingerprint }) => fingerprint)],
  )
}
