import { assertIndexOf, insuranceNumberHash, insuranceNumberHashes } from '../../crypto/blind-index.ts'
import type { Protection } from '../../crypto/protection.ts'
import type { InsuredPerson } from '../../domain/register/eligibility.ts'
import { placeOf } from '../keys/protected-tables.ts'
import { openRow } from '../open-each.ts'

const plainColumns = ['insurance_number_hash', 'insurer_number', 'guardian_consent_required', 'large_print'] as const
const sealedColumns = ['insurance_number', 'given_name', 'family_name', 'birth_date', 'address'] as const

/** Days are read as text: a driver's Date would carry a time zone that they do not have. */
export const personDayColumns = ['coverage_from', 'coverage_to', 'deceased_on'] as const
/** The other columns of a person. */
export const personColumns = ['id', ...plainColumns, ...sealedColumns] as const

type SealedColumn = (typeof sealedColumns)[number]

/** A row of `insured_persons`; days are ISO dates. */
export type PersonRow = { id: string } & Record<
  SealedColumn | 'insurance_number_hash' | 'insurer_number' | 'coverage_from',
  string
> &
  Record<'coverage_to' | 'deceased_on', string | null> &
  Record<'guardian_consent_required' | 'large_print', boolean>

/** Encrypts a person for the row of this id; each value is bound to row and column. */
export function sealPerson({ encryption, hash }: Protection, id: string, person: InsuredPerson): PersonRow {
  const seal = (value: string, column: SealedColumn) =>
    encryption.encrypt(value, placeOf('insured_persons', column, { id }))
  return {
    id,
    insurance_number_hash: insuranceNumberHash(hash, person.insuranceNumber),
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
  }
}

/** Decrypts a person. @throws UnreadableRow when a key is missing, or a value or the blind index was altered or moved */
export const openPerson = (protection: Protection, row: PersonRow): InsuredPerson =>
  openRow('insured_persons', row.insurance_number_hash, () => open(protection, row))

function open({ encryption, hash }: Protection, row: PersonRow): InsuredPerson {
  const unseal = (column: SealedColumn) => encryption.decrypt(row[column], placeOf('insured_persons', column, row))
  const insuranceNumber = unseal('insurance_number')
  assertIndexOf(insuranceNumberHashes(hash, insuranceNumber), row.insurance_number_hash, 'insured_persons')
  return {
    insuranceNumber,
    insurerNumber: row.insurer_number,
    givenName: unseal('given_name'),
    familyName: unseal('family_name'),
    birthDate: unseal('birth_date'),
    address: JSON.parse(unseal('address')),
    coverageFrom: row.coverage_from,
    coverageTo: row.coverage_to,
    guardianConsentRequired: row.guardian_consent_required,
    deceasedOn: row.deceased_on,
    largePrint: row.large_print,
  }
}

const fingerprintPurpose = 'insured_person'

/** Every field in one order; a new one makes new fingerprints, and the next import compares each person in full once. */
function canonicalRecord(person: InsuredPerson): string {
  const { street, postalCode, city, country, addition } = person.address
  const fields: Record<keyof InsuredPerson, unknown> = {
    insuranceNumber: person.insuranceNumber,
    insurerNumber: person.insurerNumber,
    givenName: person.givenName,
    familyName: person.familyName,
    birthDate: person.birthDate,
    address: [street, postalCode, city, country, addition],
    coverageFrom: person.coverageFrom,
    coverageTo: person.coverageTo,
    guardianConsentRequired: person.guardianConsentRequired,
    deceasedOn: person.deceasedOn,
    largePrint: person.largePrint,
  }
  return JSON.stringify(Object.values(fields))
}

/** Computes the keyed fingerprint by which an unchanged record is known without decrypting it. */
export const recordFingerprint = ({ hash }: Protection, person: InsuredPerson): string =>
  hash.hash(canonicalRecord(person), fingerprintPurpose)

/** Computes the fingerprint under every key of the ring, newest first. */
export const recordFingerprints = ({ hash }: Protection, person: InsuredPerson): string[] =>
  hash.candidates(canonicalRecord(person), fingerprintPurpose)
