import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { parseKeyRing } from './key-ring.ts'

const secret = randomBytes(32)
const text = secret.toString('base64')

describe('parseKeyRing', () => {
  it('reads keys in their order, blanks around them ignored', () => {
    const other = randomBytes(32)
    expect(parseKeyRing(` 2026-11:${text} , 2026-10 : ${other.toString('base64')}`)).toEqual([
      { kid: '2026-11', secret },
      { kid: '2026-10', secret: other },
    ])
  })

  it.each([
    ['nothing', '', 'must be a list of kid:base64'],
    ['a key without id', text, 'must be a list of kid:base64'],
    ['an empty id', `:${text}`, 'must be a list of kid:base64'],
    ['an id with a dot, which would break ciphertexts', `a.b:${text}`, 'must be a list of kid:base64'],
    ['an id that is too long', `${'k'.repeat(33)}:${text}`, 'must be a list of kid:base64'],
    ['a comma at the end', `a:${text},`, 'must be a list of kid:base64'],
    ['a key that is too short', `a:${randomBytes(31).toString('base64')}`, 'key a must be 32 bytes'],
    ['a key that is too long', `a:${randomBytes(33).toString('base64')}`, 'key a must be 32 bytes'],
    ['an id twice', `a:${text},a:${text}`, 'names a key id twice'],
  ])('refuses %s', (_, list, message) => {
    expect(() => parseKeyRing(list)).toThrow(message)
  })

  it('does not repeat a secret in its refusal', () => {
    const short = randomBytes(31).toString('base64')
    expect(() => parseKeyRing(`a:${short}`)).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining(short) }),
    )
  })
})
