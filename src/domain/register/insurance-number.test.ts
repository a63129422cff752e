import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { insuranceNumberCheckDigit, parseInsuranceNumber } from './insurance-number.ts'

const erika = { ok: true, value: 'A123456780' }
const demoNumbers =
  'A123456780 B204581379 C771029455 D314159268 E271828183 F161803393 G102030405 H556677889 K908172635 M424242429 T135792469 Z987654321'.split(
    ' ',
  )

describe('parseInsuranceNumber', () => {
  it.each(demoNumbers)('knows the check digit of %s', (number) => {
    expect(parseInsuranceNumber(number)).toEqual({ ok: true, value: number })
  })

  it.each([
    ['lower case', 'a123456780'],
    ['blanks', ' A 123 456 780 '],
    ['no-break and narrow blanks', 'A\u00a0123\u202f456\u2009780'],
    ['dashes of several kinds', 'A-123\u2013456\u2212780'],
    ['dots', 'A.123.456.780'],
    ['invisible characters', '\ufeffA123\u200b456\u00ad780'],
    ['fullwidth forms', 'Ａ１２３４５６７８０'],
  ])('accepts %s', (_name, input) => {
    expect(parseInsuranceNumber(input)).toEqual(erika)
  })

  it.each([
    ['insurer number', 'A123456780108310400'],
    ['insurer number and check digit', 'A123456780 108310400 4'],
    ['insurer number, main insured person and check digit', 'A123456780108310400B2045813795'],
    ['insurer number in front', '108310400 A123456780'],
  ])('cuts the number from the long one with %s', (_name, input) => {
    expect(parseInsuranceNumber(input)).toEqual(erika)
  })

  it.each([
    ['', 'empty'],
    [' \u00a0- ', 'empty'],
    ['A12345678', 'format'],
    ['A1234567801', 'format'],
    ['1123456780', 'format'],
    ['Ä123456780', 'format'],
    ['AB23456780', 'format'],
    ['A12345678010831040', 'format'],
    ['A123456781', 'check_digit'],
    ['B123456780', 'check_digit'],
  ])('refuses %j: %s', (input, reason) => {
    expect(parseInsuranceNumber(input)).toEqual({ ok: false, reason })
  })

  it('catches every single wrong digit', () => {
    const digits = fc.stringMatching(/^[A-Z]\d{8}$/)
    fc.assert(
      fc.property(digits, fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), (first9, position, by) => {
        const right = first9 + insuranceNumberCheckDigit(first9)
        const wrong = [...right].map((c, i) => (i === position ? (Number(c) + by) % 10 : c)).join('')
        expect(parseInsuranceNumber(right).ok).toBe(true)
        expect(parseInsuranceNumber(wrong)).toEqual({ ok: false, reason: 'check_digit' })
      }),
    )
  })

  it('never throws, whatever is typed', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => typeof parseInsuranceNumber(text).ok === 'boolean'))
  })
})
