import { randomBytes } from 'node:crypto'
import { createFieldEncryption, createKeyedHash } from '../../../src/crypto/field-encryption.ts'
import type { KeyRing } from '../../../src/crypto/key-ring.ts'
import type { Protection } from '../../../src/crypto/protection.ts'

/** Makes a random key of 256 bits. */
export const newKey = (kid: string) => ({ kid, secret: randomBytes(32) })

/** Encryption and keyed hashes over these keys, newest first; one random key when none is given. */
export function createProtection(...ring: KeyRing | []): Protection {
  const keys: KeyRing = ring.length > 0 ? (ring as KeyRing) : [newKey('test')]
  return { encryption: createFieldEncryption(keys), hash: createKeyedHash(keys) }
}
