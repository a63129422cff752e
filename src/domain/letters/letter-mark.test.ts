import { expect, it } from 'vitest'
import { formatLetterMark, parseLetterMark } from './letter-mark.ts'

const mark = { letterId: '0b8c5a3e-90af-4d11-8f00-c0ffee123456', sequence: 417, sheet: 1, sheets: 2 }
const text = '0B8C5A3E90AF4D118F00C0FFEE1234560004170102'

it('writes a mark of 42 characters that reads back', () => {
  expect(formatLetterMark(mark)).toBe(text)
  expect(parseLetterMark(text)).toEqual(mark)
  expect(parseLetterMark(`  ${text.toLowerCase()}\n`)).toEqual(mark)
})

it.each(['', mark.letterId, text.slice(1), `${text}0`, text.replace('C0FFEE', 'COFFEE')])(
  'reads no mark in %j',
  (other) => {
    expect(parseLetterMark(other)).toBeNull()
  },
)
