import type { KeyedHash } from './field-encryption.ts'

const purpose = 'insurance_number'

/** Computes the blind index under which an insurance number is stored (security.md, "personal data at rest"). */
export function insuranceNumberHash(hash: KeyedHash, insuranceNumber: string): string {
  return hash.hash(insuranceNumber, purpose)
}

/** Computes the blind index under every key of the ring, newest first, for look-ups while keys rotate. */
export function insuranceNumberHashes(hash: KeyedHash, insuranceNumber: string): string[] {
  return hash.candidates(insuranceNumber, purpose)
}

/**
 * Holds a row's blind index against its opened number, `hashes` under every key: a row that answers for another number is refused.
 * @throws Error naming the table
 */
export function assertIndexOf(hashes: readonly string[], found: string, table: string): void {
  if (!hashes.includes(found)) throw new Error(`a blind index of ${table} is not the one of its number`)
}
