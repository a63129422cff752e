import { loadLines } from '../database/bulk-load.ts'
import type { Database } from '../database/database.ts'
import { personLineColumns, writtenColumns } from './person-lines.ts'

/**
 * Adds persons by their lines (`personLine`), or changes those of the same blind index, within a transaction that holds the register's
 * lock. They are loaded into a table that only this transaction sees, because COPY knows no conflicts.
 */
export async function writePersons(trx: Database, lines: readonly string[]): Promise<void> {
  if (lines.length === 0) return
  const names = Object.keys(personLineColumns)
  await trx.raw('create temporary table if not exists person_batch (like insured_persons) on commit drop')
  await loadLines(trx, 'person_batch', personLineColumns, lines)
  await trx.raw(
    `insert into insured_persons (${names.join(', ')}) select ${names.join(', ')} from person_batch
     on conflict (insurance_number_hash) do update set ${writtenColumns.map((name) => `${name} = excluded.${name}`).join(', ')}`,
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
