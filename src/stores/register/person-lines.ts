import { randomUUID } from 'node:crypto'
import { insuranceNumberHashes } from '../../crypto/blind-index.ts'
import type { Protection } from '../../crypto/protection.ts'
import type { InsuredPerson } from '../../domain/register/eligibility.ts'
import type { LoadedColumns } from '../database/bulk-load.ts'
import { copyLine } from '../database/copy-lines.ts'
import {
  type PersonRow,
  personColumns,
  personDayColumns,
  recordFingerprint,
  recordFingerprints,
  sealPerson,
} from './person-record.ts'

/** Columns of a person that a change writes. */
export const writtenColumns = [
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

/** Columns of the lines of `personLine`. */
export const personLineColumns: LoadedColumns = Object.fromEntries(
  ['id', ...writtenColumns, 'created_at'].map((name) => [name, types[name] ?? 'text']),
)
/** Columns of the lines of `stagedLines`. */
export const stagedColumns: LoadedColumns = {
  line: 'integer',
  slot: 'smallint',
  insurance_number_hash: 'text',
  fingerprints: 'text[]',
}

/** What an import computes of persons apart from the database: blind indexes under every key, newest first, and rows as of new ones. */
export type PersonLines = { hashes: string[][]; lines: string[] }

/** Hashes and seals persons as new ones of the register, each under an id of its own. */
export function preparePersons(protection: Protection, persons: readonly InsuredPerson[], now: Date): PersonLines {
  return {
    hashes: persons.map((person) => insuranceNumberHashes(protection.hash, person.insuranceNumber)),
    lines: persons.map((person) => personLine(protection, sealPerson(protection, randomUUID(), person), person, now)),
  }
}

/** Writes the row of a person, with its fingerprint, as a line for COPY. */
export function personLine(protection: Protection, row: PersonRow, person: InsuredPerson, now: Date): string {
  const record_fingerprint = recordFingerprint(protection, person)
  const values: Record<string, string | boolean | Date | null> = {
    ...row,
    ...{ record_fingerprint, created_at: now, updated_at: now, fingerprinted_at: now },
  }
  return copyLine(Object.keys(personLineColumns).map((name) => values[name] ?? null))
}

/** Writes what is noted of persons of a file while it is judged: keyed hashes under every key, with the line. */
export const stagedLines = (
  protection: Protection,
  persons: readonly { line: number; person: InsuredPerson }[],
): string[] =>
  persons.flatMap(({ line, person }) => {
    const fingerprints = recordFingerprints(protection, person)
    return insuranceNumberHashes(protection.hash, person.insuranceNumber).map((index, slot) =>
      copyLine([line, slot, index, fingerprints]),
    )
  })
