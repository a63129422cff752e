import { describe, expect, it } from 'vitest'
import { checkPassword } from './password-policy.ts'

const never = () => false
const good = 'Wiesengrund-7-Almhuette'

describe('checkPassword', () => {
  it.each([good, 'zehn zeich', '🦊'.repeat(10), 'ß'.repeat(128)])('accepts %j', (password) => {
    expect(checkPassword(password, {}, never)).toEqual({ ok: true, value: password })
  })

  it.each([
    ['', 'empty'],
    ['neun zeic', 'too_short'],
    ['🦊'.repeat(9), 'too_short'],
    ['x'.repeat(129), 'too_long'],
    ['x'.repeat(1_000_000), 'too_long'],
    ['zehn\u0000zeichen', 'control_characters'],
    ['zehn\tzeichen', 'control_characters'],
    ['zehnzeichen\ud83e', 'control_characters'],
  ])('refuses %j: %s', (password, reason) => {
    expect(checkPassword(password, {}, never)).toEqual({ ok: false, reason })
  })

  it('counts and returns the password in NFC', () => {
    const decomposed = 'a\u0308'.repeat(10)
    expect(checkPassword(decomposed, {}, never)).toEqual({ ok: true, value: 'ä'.repeat(10) })
    expect(checkPassword('a\u0308'.repeat(9), {}, never)).toEqual({ ok: false, reason: 'too_short' })
  })

  it('asks the list with the password in NFC', () => {
    const list = (password: string) => password === 'ä'.repeat(10)
    expect(checkPassword('a\u0308'.repeat(10), {}, list)).toEqual({ ok: false, reason: 'common' })
  })

  it.each([
    ['username', 'xx-Lena.Huber-xx', { username: ' lena.huber ' }],
    ['number', 'mein a123456780!', { insuranceNumber: 'A 123 456 780' }],
    ['number with blanks', 'A123 456 780 xyz', { insuranceNumber: 'a123456780' }],
    ['e-mail address', 'erika@example.org', { email: 'Erika@example.org' }],
    ['first part of the e-mail address', 'Erika-ist-hier', { email: 'erika@example.org' }],
  ])('refuses the %s within it', (_name, password, context) => {
    expect(checkPassword(password, context, never)).toEqual({ ok: false, reason: 'contains_personal' })
  })

  it('lets short or missing parts be', () => {
    expect(checkPassword(good, { username: '', email: 'al@example.org', insuranceNumber: undefined }, never).ok).toBe(
      true,
    )
  })

  it('takes other lengths from its settings', () => {
    expect(checkPassword('12345', {}, never, { min: 5, max: 6 }).ok).toBe(true)
    expect(checkPassword('1234567', {}, never, { min: 5, max: 6 })).toEqual({ ok: false, reason: 'too_long' })
  })
})
