import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addDays, addMonths, ageOn, berlinDay, daysBetween, endOfDay, isPast, startOfDay } from './calendar.ts'

const hours = (from: Date, to: Date) => (to.getTime() - from.getTime()) / 3_600_000
const days = fc
  .date({ min: new Date('1990-01-01'), max: new Date('2090-12-31'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10))

describe('berlinDay', () => {
  it.each([
    ['2027-01-01T22:59:59.999Z', '2027-01-01'],
    ['2027-01-01T23:00:00.000Z', '2027-01-02'],
    ['2027-07-01T21:59:59.999Z', '2027-07-01'],
    ['2027-07-01T22:00:00.000Z', '2027-07-02'],
    ['2026-12-31T23:00:00.000Z', '2027-01-01'],
  ])('%s is %s', (instant, day) => {
    expect(berlinDay(new Date(instant))).toBe(day)
  })
})

describe('startOfDay and endOfDay', () => {
  it.each([
    ['a winter day', '2027-01-15', '2027-01-14T23:00:00.000Z', 24],
    ['a summer day', '2027-07-15', '2027-07-14T22:00:00.000Z', 24],
    ['the day on which summer time begins', '2027-03-28', '2027-03-27T23:00:00.000Z', 23],
    ['the day after', '2027-03-29', '2027-03-28T22:00:00.000Z', 24],
    ['the day on which summer time ends', '2026-10-25', '2026-10-24T22:00:00.000Z', 25],
    ['the day after that', '2026-10-26', '2026-10-25T23:00:00.000Z', 24],
    ['a leap day', '2028-02-29', '2028-02-28T23:00:00.000Z', 24],
  ])('%s', (_name, day, start, length) => {
    expect(startOfDay(day).toISOString()).toBe(start)
    expect(hours(startOfDay(day), endOfDay(day))).toBe(length)
  })

  it('are the edges of the day', () => {
    fc.assert(
      fc.property(days, (day) => {
        expect(berlinDay(startOfDay(day))).toBe(day)
        expect(berlinDay(new Date(startOfDay(day).getTime() - 1))).toBe(addDays(day, -1))
        expect(berlinDay(new Date(endOfDay(day).getTime() - 1))).toBe(day)
        expect(berlinDay(endOfDay(day))).toBe(addDays(day, 1))
      }),
    )
  })

  it.each(['2027-02-29', '2027-13-01', '27-01-01', '', '2027-01-01T00:00'])('refuse %j, which is no day', (day) => {
    expect(() => startOfDay(day)).toThrow(RangeError)
  })
})

describe('addDays and daysBetween', () => {
  it.each([
    ['2027-02-27', 2, '2027-03-01'],
    ['2028-02-27', 2, '2028-02-29'],
    ['2027-03-27', 2, '2027-03-29'],
    ['2026-10-24', 2, '2026-10-26'],
    ['2026-12-31', 1, '2027-01-01'],
    ['2027-01-01', -1, '2026-12-31'],
  ])('%s and %i days is %s', (day, n, result) => {
    expect(addDays(day, n)).toBe(result)
    expect(daysBetween(day, result)).toBe(n)
  })

  it('undo each other', () => {
    fc.assert(
      fc.property(days, fc.integer({ min: -10_000, max: 10_000 }), (day, n) => {
        expect(daysBetween(day, addDays(day, n))).toBe(n)
      }),
    )
  })
})

describe('addMonths', () => {
  it.each([
    ['2027-01-31', 1, '2027-02-28'],
    ['2028-01-31', 1, '2028-02-29'],
    ['2026-11-30', 3, '2027-02-28'],
    ['2027-03-31', 3, '2027-06-30'],
    ['2026-12-15', 1, '2027-01-15'],
    ['2027-01-15', -12, '2026-01-15'],
    ['2028-02-29', 12, '2029-02-28'],
  ])('%s and %i months is %s', (day, n, result) => {
    expect(addMonths(day, n)).toBe(result)
  })
})

describe('isPast', () => {
  it.each([
    ['2027-03-28T21:59:59.999Z', false],
    ['2027-03-28T22:00:00.000Z', true],
    ['2027-03-20T12:00:00.000Z', false],
  ])('2027-03-28 at %s: %s', (now, past) => {
    expect(isPast('2027-03-28', new Date(now))).toBe(past)
  })
})

describe('ageOn', () => {
  it.each([
    ['2012-03-12', '2027-03-11', 14],
    ['2012-03-12', '2027-03-12', 15],
    ['2012-02-29', '2027-02-28', 14],
    ['2012-02-29', '2027-03-01', 15],
    ['2012-02-29', '2028-02-28', 15],
    ['2012-02-29', '2028-02-29', 16],
    ['2027-01-01', '2027-01-01', 0],
  ])('born on %s, on %s: %i', (birthDate, day, age) => {
    expect(ageOn(birthDate, day)).toBe(age)
  })
})
