import { describe, expect, it } from 'vitest'
import { parseInsurerNumber } from './insurer-number.ts'

describe('parseInsurerNumber', () => {
  it.each(['108310400', ' 108 310 400', '10-8310400', '１０８３１０４００'])('accepts %j', (input) => {
    expect(parseInsurerNumber(input)).toEqual({ ok: true, value: '108310400' })
  })

  it.each([
    [' ', 'empty'],
    ['10831040', 'format'],
    ['1083104000', 'format'],
    ['A08310400', 'format'],
    ['108310401', 'check_digit'],
    ['108310500', 'check_digit'],
  ])('refuses %j: %s', (input, reason) => {
    expect(parseInsurerNumber(input)).toEqual({ ok: false, reason })
  })
})
