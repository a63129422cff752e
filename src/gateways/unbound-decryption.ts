import { createDecipheriv } from 'node:crypto'
import type { KeyRing } from './key-ring.ts'

/** Opens values of the format before (`kid.iv.tag.ciphertext`), which one key of the ring wrote for all places. */
export type UnboundDecryption = {
  /** Opens a value by the first context that fits. @throws Error when none does. */
  decrypt(sealed: string, contexts: readonly string[]): string
  decryptBytes(sealed: Buffer, contexts: readonly string[]): Buffer
}

/** Whether a value is of the format before: its second part is the nonce, not the number of a format. */
export const isUnbound = (sealed: string): boolean => (sealed.split('.')[1] ?? '').length === 16

/** Whether bytes are of the format before, which had no number after the key id. */
export const areUnbound = (sealed: Buffer): boolean => sealed[1 + (sealed[0] ?? 0)] !== 2

/**
 * Creates what reads a database from before values were bound to their rows, for the one rewriting by `keys:bind`. Nothing else may
 * use it: a value that opens anywhere can be moved (docs/decisions/0024).
 */
export function createUnboundDecryption(ring: KeyRing): UnboundDecryption {
  const secrets = new Map(ring.map(({ kid, secret }) => [kid, secret]))
  const open = (kid: string, parts: { iv: Buffer; tag: Buffer; text: Buffer }, contexts: readonly string[]) => {
    const secret = secrets.get(kid)
    if (!secret) throw new Error(`encryption key ${kid} is not in ENCRYPTION_KEYS`)
    for (const context of contexts) {
      const decipher = createDecipheriv('aes-256-gcm', secret, parts.iv, { authTagLength: 16 })
      decipher.setAAD(Buffer.from(context)).setAuthTag(parts.tag)
      try {
        return Buffer.concat([decipher.update(parts.text), decipher.final()])
      } catch {
        // Another context may be the one.
      }
    }
    throw new Error('a value was altered')
  }
  return {
    decrypt(sealed, contexts) {
      const [kid = '', ...parts] = sealed.split('.')
      const [iv, tag, text] = parts.map((part) => Buffer.from(part, 'base64url')) as [Buffer, Buffer, Buffer]
      return open(kid, { iv, tag, text }, contexts).toString()
    },
    decryptBytes(sealed, contexts) {
      const start = 1 + (sealed[0] ?? 0)
      const [iv, tag] = [sealed.subarray(start, start + 12), sealed.subarray(start + 12, start + 28)]
      return open(sealed.subarray(1, start).toString(), { iv, tag, text: sealed.subarray(start + 28) }, contexts)
    },
  }
}
