import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatMobile, maskMobile, parseMobileNumber, parsePhoneCountry } from './mobile-number.ts'

const options = { defaultCountry: 'DE', allowedCountries: ['DE', 'AT', 'CH', 'FI', 'FR', 'IS', 'IT', 'NO'] }
const lena = { ok: true, e164: '+4915112345671', country: 'DE', display: '+49 1511 2345671' }

describe('parseMobileNumber', () => {
  it.each([
    '+4915112345671',
    '0151 12345671',
    '0151/123 456 71',
    '(0151) 12345671',
    '0151-1234-5671',
    '+49 (0) 151 12345671',
    '0049 151 12345671',
    '49 151 12345671',
    '０１５１１２３４５６７１',
    // As some address books give it to the clipboard, in marks of direction
    '\u202a+49 151 12345671\u202c',
  ])('reads %j', (input) => {
    expect(parseMobileNumber(input, options)).toEqual(lena)
  })

  it.each([
    ['+43 664 1234567', 'AT'],
    ['+41 79 123 45 67', 'CH'],
    ['+33 6 12 34 56 78', 'FR'],
    ['+39 312 345 6789', 'IT'],
    ['+354 611 1234', 'IS'],
    ['+358 457 1234567', 'FI'],
  ])('knows the country of %s', (input, country) => {
    expect(parseMobileNumber(input, options)).toMatchObject({ ok: true, country })
  })

  it('lets numbers pass of which the plan does not say whether they are mobile', () => {
    const abroad = { defaultCountry: 'US', allowedCountries: ['US'] }
    expect(parseMobileNumber('(201) 555-0123', abroad)).toMatchObject({ ok: true, e164: '+12015550123' })
  })

  it.each([
    ['  ', 'empty'],
    ['abc', 'format'],
    ['0151 12345', 'format'],
    ['+49151123456712345', 'format'],
    ['110', 'format'],
    ['Tel. 0151 12345671 abends', 'format'],
    ['0151 12345671 ext. 4', 'format'],
    ['1'.repeat(100_000), 'format'],
    ['+44 7911 123456', 'country'],
    ['+1 202 555 0123', 'country'],
    ['089 123456', 'not_mobile'],
    ['0900 1234567', 'not_mobile'],
    ['0700 12345678', 'not_mobile'],
    ['0800 2767676', 'not_mobile'],
    ['+43 1 5880075', 'not_mobile'],
  ])('refuses %j: %s', (input, reason) => {
    expect(parseMobileNumber(input, options)).toEqual({ ok: false, reason })
  })

  it('reads what it shows, and never throws', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[+0-9 ()/-]{0,20}$/), (text) => {
        const first = parseMobileNumber(text, options)
        if (first.ok) expect(parseMobileNumber(first.display, options)).toEqual(first)
      }),
    )
  })
})

describe('showing a number', () => {
  it('masks all but three digits and the last two', () => {
    expect(maskMobile('+4915112345671')).toBe('+49 151 ••••• 71')
    expect(maskMobile('+436641234567')).toBe('+43 664 ••••• 67')
    expect(maskMobile('no number')).toBe('••••• er')
  })

  it('groups it', () => {
    expect(formatMobile('+4915112345671')).toBe('+49 1511 2345671')
    expect(formatMobile('no number')).toBe('no number')
  })

  it('tells its country', () => {
    expect(parsePhoneCountry('+4915112345671')).toBe('DE')
    expect(parsePhoneCountry('no number')).toBe('ZZ')
  })
})
