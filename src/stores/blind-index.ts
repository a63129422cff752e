import type { KeyedHash } from '../gateways/field-encryption.ts'

const purpose = 'insurance_number'

/** Computes the blind index under which an insurance number is stored (security.md, "personal data at rest"). */
export function insuranceNumberHash(hash: KeyedHash, insuranceNumber: string): string {
  return hash.hash(insuranceNumber, purpose)
}

/** Computes the blind index under every key of the ring, newest first, for look-ups while keys rotate. */
export function insuranceNumberHashes(hash: KeyedHash, insuranceNumber: string): string[] {
  return hash.candidates(insuranceNumber, purpose)
}
