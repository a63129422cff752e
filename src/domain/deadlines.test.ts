import { describe, expect, it } from 'vitest'
import { defaultDeadlines as deadlines } from '../../test/support/deadlines.ts'
import { endOfDay, isPast } from './calendar.ts'
import {
  activationLastDay,
  activationRemindersDue,
  coverageGraceLastDay,
  neverSignedInSince,
  nextLetterAllowedAt,
  remindedCodeLastDay,
  unlockCodeLastDay,
} from './deadlines.ts'

const dayLength = 24 * 3_600_000
const later = (at: Date, days: number) => new Date(at.getTime() + days * dayLength)

describe('activation', () => {
  it.each([
    ['in winter', '2027-01-10T12:00:00Z', '2027-02-07'],
    ['across the beginning of summer time', '2027-03-14T12:00:00Z', '2027-04-11'],
    ['across the end of summer time', '2026-10-10T12:00:00Z', '2026-11-07'],
    ['across a leap day', '2028-02-10T12:00:00Z', '2028-03-09'],
    ['just before midnight in Berlin', '2027-01-10T22:59:00Z', '2027-02-07'],
    ['just after midnight in Berlin', '2027-01-10T23:01:00Z', '2027-02-08'],
  ])('%s: after 28 days still alive, after 29 gone', (_name, registered, lastDay) => {
    const registeredAt = new Date(registered)
    expect(activationLastDay(registeredAt, deadlines)).toBe(lastDay)
    const noon = new Date(`${registered.slice(0, 11)}12:00:00Z`)
    const shift = lastDay === '2027-02-08' ? 1 : 0
    expect(isPast(lastDay, later(noon, 28 + shift))).toBe(false)
    expect(isPast(lastDay, later(noon, 29 + shift))).toBe(true)
  })

  // Summer time begins on 28 March: the mornings of days 7 and 21 are counted in the calendar, not in hours.
  it.each([
    ['2027-03-20', []],
    ['2027-03-21', [1]],
    ['2027-04-03', [1]],
    ['2027-04-04', [2, 1]],
  ])('who registered on 14 March is due on %s: reminders %j, the latest first', (today, numbers) => {
    for (const registered of ['2027-03-13T23:00:00Z', '2027-03-14T22:59:59Z'])
      expect(
        activationRemindersDue(today, deadlines)
          .filter(({ registeredBefore }) => new Date(registered) < registeredBefore)
          .map(({ number }) => number),
      ).toEqual(numbers)
  })
})

describe('unlock code', () => {
  it('lives 30 days from posting, with a reminder 10 days before its end', () => {
    expect(unlockCodeLastDay('2027-03-12', deadlines)).toBe('2027-04-11')
    expect(remindedCodeLastDay('2027-04-01', deadlines)).toBe('2027-04-11')
    expect(endOfDay(unlockCodeLastDay('2027-03-12', deadlines)).toISOString()).toBe('2027-04-11T22:00:00.000Z')
    expect(unlockCodeLastDay('2026-10-01', deadlines)).toBe('2026-10-31')
  })

  it('leaves a registration that is never signed in to 90 days', () => {
    // The code's last day was 11 April: gone on 11 July, not on 10 July.
    expect('2027-04-11' < neverSignedInSince('2027-07-10', deadlines)).toBe(false)
    expect('2027-04-11' < neverSignedInSince('2027-07-11', deadlines)).toBe(true)
  })
})

describe('coverage', () => {
  it('leaves 3 months after its end', () => {
    expect(coverageGraceLastDay('2027-03-31', deadlines)).toBe('2027-06-30')
    expect(coverageGraceLastDay('2026-11-30', deadlines)).toBe('2027-02-28')
  })
})

describe('nextLetterAllowedAt', () => {
  const now = new Date('2027-03-31T12:00:00Z')
  const ago = (...days: number[]) => days.map((each) => later(now, -each))

  it('is now without earlier letters, and when they are long ago', () => {
    expect(nextLetterAllowedAt([], now, deadlines)).toEqual(now)
    expect(nextLetterAllowedAt(ago(31, 32, 33, 34, 35), now, deadlines)).toEqual(now)
    expect(nextLetterAllowedAt(ago(1, 10, 20), now, deadlines)).toEqual(now)
  })

  it('keeps 24 hours between two letters', () => {
    expect(nextLetterAllowedAt(ago(0.5), now, deadlines)).toEqual(later(now, 0.5))
  })

  it('lets the fifth go when the first of four is 30 days old, in whatever order they are given', () => {
    expect(nextLetterAllowedAt(ago(3, 29, 10, 20), now, deadlines)).toEqual(later(now, 1))
    expect(nextLetterAllowedAt(ago(3, 30, 10, 20), now, deadlines)).toEqual(now)
    expect(nextLetterAllowedAt(ago(3, 40, 35, 25, 10, 20), now, deadlines)).toEqual(later(now, 5))
  })

  it('keeps its distance from letters that are only planned', () => {
    expect(nextLetterAllowedAt([later(now, 2)], now, deadlines)).toEqual(later(now, 3))
  })

  it('never lets more than four go in 30 days when everybody asks all the time', () => {
    const sent: Date[] = []
    for (let n = 0; n < 20; n++) sent.push(nextLetterAllowedAt(sent, later(now, n / 10), deadlines))
    for (const at of sent) {
      const within = sent.filter((other) => other >= at && other < later(at, 30))
      expect(within.length).toBeLessThanOrEqual(4)
    }
    expect(sent[3]).toEqual(later(now, 3))
    expect(sent[4]).toEqual(later(now, 30))
  })
})
