import { describe, expect, it } from 'vitest'
import { addDuration } from './duration.ts'

const start = new Date('2026-11-24T09:00:00Z')

describe('addDuration', () => {
  it.each([
    ['P29D', '2026-12-23T09:00:00.000Z'],
    ['P1W', '2026-12-01T09:00:00.000Z'],
    ['P3M', '2027-02-24T09:00:00.000Z'],
    ['P1Y', '2027-11-24T09:00:00.000Z'],
    ['PT10M', '2026-11-24T09:10:00.000Z'],
    ['P1DT2H3S', '2026-11-25T11:00:03.000Z'],
  ])('adds %s', (duration, expected) => {
    expect(addDuration(start, duration)?.toISOString()).toBe(expected)
  })

  it.each(['', 'P', 'PT', 'P1DT', '29D', 'P-1D', 'P1.5D', 'PT1D', ' P1D'])('refuses "%s"', (duration) => {
    expect(addDuration(start, duration)).toBeNull()
  })
})
