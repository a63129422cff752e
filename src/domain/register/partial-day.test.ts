import { describe, expect, it } from 'vitest'
import { birthdateClaim, hasUnknownParts, latestDay } from './partial-day.ts'

describe('a day that is known in part', () => {
  it.each([
    ['1964-08-12', '1964-08-12', '1964-08-12'],
    ['1964-08-00', '1964-08-31', '1964'],
    ['2012-02-00', '2012-02-29', '2012'],
    ['1964-00-00', '1964-12-31', '1964'],
    ['0000-00-00', null, undefined],
  ])('%s: at the latest %s, as a claim %s', (birthDate, latest, claim) => {
    expect(latestDay(birthDate)).toBe(latest)
    expect(birthdateClaim(birthDate)).toBe(claim)
  })

  it.each(['1964-08-00', '1964-00-00', '0000-00-00'])('%s has an unknown day', (text) => {
    expect(hasUnknownParts(text)).toBe(true)
  })

  it.each(['1964-08-12', '1964-00-12', '0000-08-00', '1964-13-00', '1964-8-0', '1964'])('%s has not', (text) => {
    expect(hasUnknownParts(text)).toBe(false)
  })
})
