import { createHash, randomBytes } from 'node:crypto'
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
    ['iv', 1],
    ['tag', 2],
    ['text', 3],
  ])('refuses an altered %s', (_, part) => {
    const parts = encryption.encrypt('secret', 'c').split('.')
    const bytes = Buffer.from(parts[part] ?? '', 'base64url')
    bytes.writeUInt8(bytes.readUInt8(0) ^ 1, 0)
    parts[part] = bytes.toString('base64url')
    expect(() => encryption.decrypt(parts.join('.'), 'c')).toThrow()
  })

  it('refuses a shortened tag (NIST SP 800-38D, appendix C)', () => {
    const [kid, iv, tag = '', text] = encryption.encrypt('secret', 'c').split('.')
    const short = Buffer.from(tag, 'base64url').subarray(0, 4).toString('base64url')
    expect(() => encryption.decrypt([kid, iv, short, text].join('.'), 'c')).toThrow()
  })

  it.each(['', 'plain text', 'old...'])('refuses what is no ciphertext: "%s"', (sealed) => {
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
