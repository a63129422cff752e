import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createSecretKey,
  type KeyObject,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto'
import type { KeyRing } from './key-ring.ts'

/**
 * Encrypts single database fields (security.md, "personal data at rest"; AES-256-GCM, NIST SP 800-38D). `context` is the place of the
 * value, `table.column:id of the row`: a value moved elsewhere does not open. Each place has a key of its own, so that no key is used
 * with more random nonces than it is rewritten at its place (8.3 there: at most 2^32; docs/decisions/0024).
 */
export type FieldEncryption = {
  /** `kid.2.iv.tag.ciphertext` in base64url. */
  encrypt(plain: string, context: string): string
  /** @throws Error when the key is unknown, the text was altered, moved, or never bound to its place. */
  decrypt(sealed: string, context: string): string
  /** The same for bytes, without the growth of text: length of kid, kid, 2, iv, tag, ciphertext. */
  encryptBytes(plain: Uint8Array, context: string): Buffer
  /** @throws Error when the key is unknown, the bytes were altered or moved. */
  decryptBytes(sealed: Buffer, context: string): Buffer
}

/** Number of the format, so that another one can be told from it. */
const format = 2
const [ivBytes, tagBytes] = [12, 16]

/** Creates the encryption over a key ring: the newest key writes, every key reads. */
export function createFieldEncryption(ring: KeyRing): FieldEncryption {
  const keys = withKeyObjects(ring)
  const [newest] = keys
  const secrets = new Map(keys.map((key) => [key.kid, key.secret]))
  const secretOf = (kid: string) => {
    const secret = secrets.get(kid)
    if (!secret) throw new Error(`encryption key ${kid} is not in ENCRYPTION_KEYS`)
    return secret
  }
  return {
    encrypt(plain, context) {
      const { iv, tag, text } = sealAt(newest.secret, context, Buffer.from(plain))
      return [newest.kid, format, ...[iv, tag, text].map((part) => part.toString('base64url'))].join('.')
    },
    decrypt(sealed, context) {
      const [kid = '', version, iv = '', tag = '', text = ''] = sealed.split('.')
      const secret = secretOf(kid)
      if (version !== String(format)) throw new Error('a ciphertext is not bound to its place')
      const [ivOf, tagOf, textOf] = [iv, tag, text].map((part) => Buffer.from(part, 'base64url')) as [
        Buffer,
        Buffer,
        Buffer,
      ]
      return openAt(secret, context, { iv: ivOf, tag: tagOf, text: textOf }).toString()
    },
    encryptBytes(plain, context) {
      const { iv, tag, text } = sealAt(newest.secret, context, plain)
      const kid = Buffer.from(newest.kid)
      return Buffer.concat([Buffer.of(kid.length), kid, Buffer.of(format), iv, tag, text])
    },
    decryptBytes(sealed, context) {
      const start = 1 + (sealed[0] ?? 0)
      const secret = secretOf(sealed.subarray(1, start).toString())
      if (sealed[start] !== format) throw new Error('a ciphertext is not bound to its place')
      const [iv, tag] = [start + 1, start + 1 + ivBytes]
      const text = sealed.subarray(tag + tagBytes)
      return openAt(secret, context, { iv: sealed.subarray(iv, tag), tag: sealed.subarray(tag, tag + tagBytes), text })
    },
  }
}

type Parts = { iv: Buffer; tag: Buffer; text: Buffer }

function sealAt(secret: KeyObject, context: string, plain: Uint8Array): Parts {
  const iv = nextNonce()
  const cipher = createCipheriv('aes-256-gcm', keyOfPlace(secret, context), iv).setAAD(Buffer.from(context))
  const text = cipher.update(plain)
  // A stream cipher has given all; this computes the tag.
  cipher.final()
  return { iv, tag: cipher.getAuthTag(), text }
}

/** Random bytes for many nonces: asking the system for each takes as long as encrypting a field. Each is handed out once. */
const nonces = { bytes: Buffer.alloc(0), used: 0 }

function nextNonce(): Buffer {
  if (nonces.used === nonces.bytes.length) Object.assign(nonces, { bytes: randomBytes(512 * ivBytes), used: 0 })
  nonces.used += ivBytes
  return nonces.bytes.subarray(nonces.used - ivBytes, nonces.used)
}

function openAt(secret: KeyObject, context: string, { iv, tag, text }: Parts): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', keyOfPlace(secret, context), iv, { authTagLength: tagBytes })
  decipher.setAAD(Buffer.from(context)).setAuthTag(tag)
  return Buffer.concat([decipher.update(text), decipher.final()])
}

/** One block of the counter mode with HMAC-SHA-256: i, label, 0, context, length in bits (NIST SP 800-108r1, 4.1). */
function keyOfPlace(secret: KeyObject, context: string): KeyObject {
  const [counter, length] = ['\x00\x00\x00\x01', '\x00\x00\x01\x00']
  const block = createHmac('sha256', secret).update(`${counter}meine-aok field\0${context}${length}`).digest()
  return createSecretKey(block)
}

/** Makes key objects once: node takes longer to prepare a plain buffer at each use than to encrypt a field. */
function withKeyObjects([newest, ...older]: KeyRing) {
  const prepare = ({ kid, secret }: KeyRing[0]) => ({ kid, secret: createSecretKey(secret) })
  return [prepare(newest), ...older.map(prepare)] as const
}

/** Keyed hashes: blind indexes for look-ups and verifiers for one-time codes (HMAC-SHA-256, RFC 2104). */
export type KeyedHash = {
  /** `kid.mac` by the newest key; `purpose` keeps hashes of different kinds apart. */
  hash(value: string, purpose: string): string
  /** The same value under every key of the ring, newest first: for look-ups while keys rotate. */
  candidates(value: string, purpose: string): string[]
  /** Compares in constant time, whichever key of the ring made `hashed`. */
  matches(value: string, purpose: string, hashed: string): boolean
}

/** Creates keyed hashes over a key ring. */
export function createKeyedHash(ring: KeyRing): KeyedHash {
  const keys = withKeyObjects(ring)
  const mac = (secret: KeyObject, value: string, purpose: string) =>
    createHmac('sha256', secret).update(`${purpose}\0${value}`).digest('base64url')
  const candidates = (value: string, purpose: string) =>
    keys.map((key) => `${key.kid}.${mac(key.secret, value, purpose)}`)
  return {
    hash: (value, purpose) => `${keys[0].kid}.${mac(keys[0].secret, value, purpose)}`,
    candidates,
    matches: (value, purpose, hashed) =>
      candidates(value, purpose)
        .map((candidate) => equal(candidate, hashed))
        .includes(true),
  }
}

/** Hashes a 256-bit random token for storage: enough entropy needs no key (OWASP ASVS 5, 6.5). */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('base64url')
}

function equal(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}
