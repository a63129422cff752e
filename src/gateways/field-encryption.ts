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

/** Encrypts single database fields (security.md, "personal data at rest"; AES-256-GCM, NIST SP 800-38D). */
export type FieldEncryption = {
  /** `kid.iv.tag.ciphertext` in base64url. `context` (`table.column`) is authenticated: a value moved elsewhere fails. */
  encrypt(plain: string, context: string): string
  /** @throws Error when the key is unknown or the text was altered. */
  decrypt(sealed: string, context: string): string
  /** The same for bytes, without the growth of text: length of kid, kid, iv, tag, ciphertext. */
  encryptBytes(plain: Uint8Array, context: string): Buffer
  /** @throws Error when the key is unknown or the bytes were altered. */
  decryptBytes(sealed: Buffer, context: string): Buffer
}

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
      const iv = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', newest.secret, iv).setAAD(Buffer.from(context))
      const sealed = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()])
      return [newest.kid, ...[iv, cipher.getAuthTag(), sealed].map((part) => part.toString('base64url'))].join('.')
    },
    decrypt(sealed, context) {
      const [kid = '', iv = '', tag = '', text = ''] = sealed.split('.')
      const decipher = createDecipheriv('aes-256-gcm', secretOf(kid), Buffer.from(iv, 'base64url'), {
        authTagLength: 16,
      })
      decipher.setAAD(Buffer.from(context)).setAuthTag(Buffer.from(tag, 'base64url'))
      return decipher.update(Buffer.from(text, 'base64url'), undefined, 'utf8') + decipher.final('utf8')
    },
    encryptBytes(plain, context) {
      const iv = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', newest.secret, iv).setAAD(Buffer.from(context))
      const sealed = [cipher.update(plain), cipher.final()]
      const kid = Buffer.from(newest.kid)
      return Buffer.concat([Buffer.of(kid.length), kid, iv, cipher.getAuthTag(), ...sealed])
    },
    decryptBytes(sealed, context) {
      const start = 1 + (sealed[0] ?? 0)
      const secret = secretOf(sealed.subarray(1, start).toString())
      const decipher = createDecipheriv('aes-256-gcm', secret, sealed.subarray(start, start + 12), {
        authTagLength: 16,
      })
      decipher.setAAD(Buffer.from(context)).setAuthTag(sealed.subarray(start + 12, start + 28))
      return Buffer.concat([decipher.update(sealed.subarray(start + 28)), decipher.final()])
    },
  }
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
