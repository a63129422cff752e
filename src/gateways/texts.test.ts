import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { createTexts, formatDate, formatTime, offered, phoneHref } from './texts.ts'

const texts = createTexts(fileURLToPath(new URL('../../locales', import.meta.url)))

describe('texts', () => {
  it('are looked up in the language, German for any other', () => {
    expect(texts.translator('en')('buttons.next')).toBe('Continue')
    expect(texts.translator('fr')('buttons.next')).toBe('Weiter')
    expect(offered(undefined)).toBe('de')
  })

  it('take their parameters as they are; HTML is escaped where it is written', () => {
    const t = texts.translator('de')
    expect(t('layout.progress', { step: 2, of: 4 })).toBe('Schritt 2 von 4')
    expect(t('signIn.expired.client', { client: '<b> & {{step}}' })).toContain('<b> & ')
  })

  it('choose singular and plural by the only number', () => {
    const t = texts.translator('de')
    expect(t('errors.mtan.wrong', { triesLeft: 1 })).toContain('noch einen Versuch')
    expect(t('errors.mtan.wrong', { triesLeft: 2 })).toContain('noch 2 Versuche')
  })

  it('throw for a key that is missing', () => {
    expect(() => texts.translator('de')('errors.mtan.nonsense')).toThrow('errors.mtan.nonsense')
    expect(texts.has('errors.mtan.nonsense')).toBe(false)
    expect(texts.has('errors.mtan.wrong')).toBe(true)
  })
})

describe('dates and times', () => {
  it('are those of Berlin, in winter and summer', () => {
    expect(formatDate('2027-03-12', 'de')).toBe('12. März 2027')
    expect(formatDate('2027-03-12', 'en')).toBe('12 March 2027')
    expect(formatDate(new Date('2026-12-31T23:30:00Z'), 'de')).toBe('1. Januar 2027')
    expect(formatDate('2026-06-30T22:30:00.000Z', 'de')).toBe('1. Juli 2026')
    expect(formatTime(new Date('2026-11-24T13:05:00Z'), 'de')).toBe('14:05 Uhr')
    expect(formatTime('2026-07-24T22:05:00Z', 'en')).toBe('00:05')
  })
})

it('a telephone number as printed becomes its address', () => {
  expect(phoneHref('0800 2 767676')).toBe('tel:+498002767676')
  expect(phoneHref('+43 1 234')).toBe('tel:+431234')
})
