import { describe, expect, it } from 'vitest'
import { createSeenNumbers } from './seen-numbers.ts'

const numberOf = (n: number) => `${String.fromCharCode(65 + (n % 26))}${String(n * 7919).padStart(8, '0')}0`

describe('seen numbers', () => {
  it('tells the line on which a number stood first', () => {
    const seen = createSeenNumbers()
    expect(seen.note('A123456780', 2)).toBeUndefined()
    expect(seen.note('A123456780', 9)).toBe(2)
    expect(seen.note('A123456780', 10)).toBe(2)
    expect(seen.note('B123456780', 11)).toBeUndefined()
    expect(seen.note('Z999999990', 12)).toBeUndefined()
    expect(seen.note('A000000000', 13)).toBeUndefined()
  })

  it('forgets nothing while it grows', () => {
    const seen = createSeenNumbers()
    for (let n = 0; n < 12_000; n++) expect(seen.note(numberOf(n), n + 2)).toBeUndefined()
    for (let n = 0; n < 12_000; n++) expect(seen.note(numberOf(n), 99_999)).toBe(n + 2)
  })
})
