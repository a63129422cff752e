import { describe, expect, it } from 'vitest'
import { parseLetterId } from './letter-id.ts'
import { formatLetterMark } from './letter-mark.ts'

const id = '0b8c5a3e-90af-4d11-8f00-c0ffee123456'
const whole = { first: id, last: id }

describe('the id of a letter as it comes from paper', () => {
  it.each([id, id.toUpperCase(), id.replaceAll('-', ''), ` ${id} `, id.replaceAll('-', ' ')])('reads %j', (given) => {
    expect(parseLetterId(given)).toEqual(whole)
  })

  it('reads the scan of a mark', () => {
    expect(parseLetterId(formatLetterMark({ letterId: id, sequence: 17, sheet: 1, sheets: 2 }))).toEqual(whole)
  })

  it('reads eight characters and more as the beginning', () => {
    const from8 = { first: '0b8c5a3e-0000-0000-0000-000000000000', last: '0b8c5a3e-ffff-ffff-ffff-ffffffffffff' }
    expect(parseLetterId('0B8C5A3E')).toEqual(from8)
    expect(parseLetterId('0b8c5a3e-90')?.last).toBe('0b8c5a3e-90ff-ffff-ffff-ffffffffffff')
  })

  it.each(['', '0b8c5a3', 'A123456780', `${id}0`, '0b8c5a3g', "0b8c5a3e'; drop"])('refuses %j', (given) => {
    expect(parseLetterId(given)).toBeNull()
  })
})
