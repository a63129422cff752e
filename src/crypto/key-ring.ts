import { createHmac, randomBytes } from 'node:crypto'

/** One secret key of 256 bits with the id under which ciphertexts and hashes name it. */
export type Key = { kid: string; secret: Buffer }

/** Keys, newest first: the first one writes, all of them read (contract.md, "Lists of keys"). */
export type KeyRing = readonly [Key, ...Key[]]

/**
 * Parses `kid:base64,kid:base64`, newest first.
 * @throws Error naming the mend when the list is empty, a kid repeats or a key is not 32 bytes.
 */
export function parseKeyRing(list: string): KeyRing {
  const keys = list.split(',').map((entry) => {
    const separator = entry.indexOf(':')
    const kid = entry.slice(0, separator).trim()
    const secret = Buffer.from(entry.slice(separator + 1).trim(), 'base64')
    if (separator < 1 || !/^[\w-]{1,32}$/.test(kid)) throw new Error('must be a list of kid:base64, newest first')
    if (secret.length !== 32)
      throw new Error(`key ${kid} must be 32 bytes in base64 (for example from: openssl rand -base64 32)`)
    return { kid, secret }
  })
  if (new Set(keys.map((key) => key.kid)).size !== keys.length) throw new Error('names a key id twice')
  return keys as [Key, ...Key[]]
}

/** Writes a ring as `parseKeyRing` reads it. */
export function formatKeyRing(ring: readonly Key[]): string {
  return ring.map(({ kid, secret }) => `${kid}:${secret.toString('base64')}`).join(',')
}

/** Makes a key of 32 random bytes. */
export function createKey(kid: string): Key {
  return { kid, secret: randomBytes(32) }
}

/**
 * One-way value by which two processes see that a key id means the same key to both. It tells nothing about the key:
 * of 256 random bits none can be searched for (NIST SP 800-107, 5.3.4).
 */
export function fingerprintOf({ secret }: Key): string {
  return createHmac('sha256', secret).update('key ring fingerprint').digest('base64url').slice(0, 22)
}
