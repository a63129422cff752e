import { describe, expect, it } from 'vitest'
import { createMtan, parseMtan, resendDelaySeconds } from './mtan.ts'

describe('createMtan', () => {
  it('has six digits, leading zeros included', () => {
    expect(createMtan(() => 7)).toBe('000007')
    expect(createMtan((max) => max - 1)).toBe('999999')
  })
})

describe('parseMtan', () => {
  it.each(['012345', ' 012 345 ', '012-345', '０１２３４５', '012\u00a0345'])('reads %j', (input) => {
    expect(parseMtan(input)).toEqual({ ok: true, value: '012345' })
  })

  it.each([
    ['  ', 'empty'],
    ['12345', 'format'],
    ['1234567', 'format'],
    ['12345a', 'format'],
  ])('refuses %j: %s', (input, reason) => {
    expect(parseMtan(input)).toEqual({ ok: false, reason })
  })
})

describe('resendDelaySeconds', () => {
  it.each([
    [0, 0],
    [1, 30],
    [2, 60],
    [3, 120],
    [4, 120],
  ])('after %i sent: %i seconds', (sent, seconds) => {
    expect(resendDelaySeconds(sent, [30, 60, 120])).toBe(seconds)
  })

  it('is none without a list', () => {
    expect(resendDelaySeconds(2, [])).toBe(0)
  })
})
