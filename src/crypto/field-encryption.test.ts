import { createCipheriv, createHash, randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createFieldEncryption, createKeyedHash, hashToken } from './field-encryption.ts'

const key = (kid: string) => ({ kid, secret: randomBytes(32) })
const [oldKey, newKey] = [key('old'), key('new')]

describe('field encryption', () => {
  const encryption = createFieldEncryption([oldKey])

  it.each(['Müller-Lüdenscheidt', '', '🎈', 'x'.repeat(100_000)])('gives back what it was given', (plain) => {
    expect(encryption.decrypt(encryption.encrypt(plain, 'accounts.email'), 'accounts.email')).toBe(plain)
  })

  it('never makes the same text twice', () => {
    const sealed = Array.from({ length: 100 }, () => encryption.encrypt('same', 'c'))
    expect(new Set(sealed).size).toBe(100)
  })

  it('refuses a value that was moved to another column', () => {
    const sealed = encryption.encrypt('secret', 'accounts.email')
    expect(() => encryption.decrypt(sealed, 'accounts.mobile')).toThrow()
  })

  it.each([
    ['iv', 2],
    ['tag', 3],
    ['text', 4],
  ])('refuses an altered %s', (_, part) => {
    const parts = encryption.encrypt('secret', 'c').split('.')
    const bytes = Buffer.from(parts[part] ?? '', 'base64url')
    bytes.writeUInt8(bytes.readUInt8(0) ^ 1, 0)
    parts[part] = bytes.toString('base64url')
    expect(() => encryption.decrypt(parts.join('.'), 'c')).toThrow()
  })

  it('refuses a shortened tag (NIST SP 800-38D, appendix C)', () => {
    const [kid, format, iv, tag = '', text] = encryption.encrypt('secret', 'c').split('.')
    const short = Buffer.from(tag, 'base64url').subarray(0, 4).toString('base64url')
    expect(() => encryption.decrypt([kid, format, iv, short, text].join('.'), 'c')).toThrow()
  })

  it('refuses a value of the format before, which was not bound to its row', () => {
    const iv = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', oldKey.secret, iv).setAAD(Buffer.from('accounts.email'))
    const text = Buffer.concat([cipher.update('secret'), cipher.final()])
    const parts = [iv, cipher.getAuthTag(), text]
    const sealed = ['old', ...parts.map((part) => part.toString('base64url'))].join('.')
    expect(() => encryption.decrypt(sealed, 'accounts.email')).toThrow('not bound to its place')
    const bytes = Buffer.concat([Buffer.from([3]), Buffer.from('old'), ...parts])
    expect(() => encryption.decryptBytes(bytes, 'accounts.email')).toThrow()
  })

  it('uses another key at each place (NIST SP 800-38D, 8.3)', () => {
    // With one key and one nonce two texts would differ exactly where their plain texts do.
    const keys = ['accounts.email:1', 'accounts.email:2', 'accounts.mobile:1'].map((context) => {
      const [, , iv = '', , text = ''] = encryption.encrypt('\0'.repeat(64), context).split('.')
      return { iv: Buffer.from(iv, 'base64url'), text: Buffer.from(text, 'base64url'), context }
    })
    for (const { iv, text } of keys) {
      const underTheRing = createCipheriv('aes-256-gcm', oldKey.secret, iv)
      expect(underTheRing.update(Buffer.alloc(64)).equals(text)).toBe(false)
    }
  })

  it.each(['', 'plain text', 'old...', 'old.2...', 'old.2....'])('refuses what is no ciphertext: "%s"', (sealed) => {
    expect(() => encryption.decrypt(sealed, 'c')).toThrow()
  })

  it('writes with the newest key and reads with every key of the ring', () => {
    const before = encryption.encrypt('secret', 'c')
    const rotated = createFieldEncryption([newKey, oldKey])
    expect(rotated.decrypt(before, 'c')).toBe('secret')
    expect(rotated.encrypt('secret', 'c').split('.')[0]).toBe('new')
    expect(() => createFieldEncryption([newKey]).decrypt(before, 'c')).toThrow('encryption key old is not in')
  })
})

describe('keyed hashes', () => {
  const hash = createKeyedHash([oldKey])

  it('are the same for the same value, purpose and key only', () => {
    expect(hash.hash('value', 'purpose')).toBe(hash.hash('value', 'purpose'))
    const others = [
      hash.hash('other', 'purpose'),
      hash.hash('value', 'other'),
      createKeyedHash([key('old')]).hash('value', 'purpose'),
    ]
    expect(others).not.toContain(hash.hash('value', 'purpose'))
  })

  it('keep purpose and value apart', () => {
    expect(hash.hash('b', 'a').split('.')[1]).not.toBe(hash.hash('', 'ab').split('.')[1])
  })

  it('match under every key of the ring', () => {
    const before = hash.hash('value', 'purpose')
    const rotated = createKeyedHash([newKey, oldKey])
    expect(rotated.matches('value', 'purpose', before)).toBe(true)
    expect(rotated.matches('other', 'purpose', before)).toBe(false)
    expect(rotated.matches('value', 'other', before)).toBe(false)
    expect(createKeyedHash([newKey]).matches('value', 'purpose', before)).toBe(false)
    expect(rotated.matches('value', 'purpose', '')).toBe(false)
  })

  it('name their candidates newest first', () => {
    const rotated = createKeyedHash([newKey, oldKey])
    expect(rotated.candidates('value', 'purpose')).toEqual([
      rotated.hash('value', 'purpose'),
      hash.hash('value', 'purpose'),
    ])
  })
})

it('hashes tokens with SHA-256', () => {
  expect(hashToken('token')).toBe(createHash('sha256').update('token').digest('base64url'))
})
