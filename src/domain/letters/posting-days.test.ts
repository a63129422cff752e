import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addDays, berlinDay, startOfDay } from '../calendar.ts'
import {
  assumedConfirmation,
  isPostingDay,
  nextCutOff,
  type PostingRules,
  planPostingDay,
  receiptLastDay,
} from './posting-days.ts'

const rules: PostingRules = {
  cutOff: '14:00',
  postingWeekdays: ['mon', 'tue', 'wed', 'thu', 'fri'],
  productionDays: 1,
  holidays: 'BY',
  closedDays: ['12-24', '12-31', '2027-02-15'],
  receiptGraceDays: 1,
}

describe('the posting day', () => {
  it.each([
    ['the next working day', '2026-11-24', '2026-11-25'],
    ['over a weekend', '2026-11-27', '2026-11-30'],
    ['prepared on a Saturday', '2026-11-28', '2026-11-30'],
    ['over Easter 2027', '2027-03-25', '2027-03-30'],
    ['over Easter 2028', '2028-04-13', '2028-04-18'],
    ['over Ascension Day', '2027-05-05', '2027-05-07'],
    ['over Corpus Christi, which is one in Bavaria', '2027-05-26', '2027-05-28'],
    ['over Epiphany, which is one in Bavaria', '2027-01-05', '2027-01-07'],
    ['over All Saints’ Day', '2027-10-29', '2027-11-02'],
    ['over Christmas 2026: 24 closed, 25 holiday, weekend', '2026-12-23', '2026-12-28'],
    ['over New Year: 31 closed, 1 holiday, weekend', '2026-12-30', '2027-01-04'],
    ['over a day that is closed once', '2027-02-12', '2027-02-16'],
  ])('is %s', (_, prepared, posted) => {
    expect(planPostingDay(prepared, rules)).toBe(posted)
  })

  it('lies as many working days behind as production takes; none at all is the same day when it is one', () => {
    expect(planPostingDay('2026-12-22', { ...rules, productionDays: 3 })).toBe('2026-12-29')
    expect(planPostingDay('2026-11-24', { ...rules, productionDays: 0 })).toBe('2026-11-24')
    expect(planPostingDay('2026-11-28', { ...rules, productionDays: 0 })).toBe('2026-11-30')
  })

  it('is a working day in every year, later than preparing, with no working day between', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 366 * 40 }), (n) => {
        const day = addDays('2025-01-01', n)
        const posted = planPostingDay(day, rules)
        expect(isPostingDay(posted, rules)).toBe(true)
        for (let next = addDays(day, 1); next < posted; next = addDays(next, 1))
          expect(isPostingDay(next, rules)).toBe(false)
      }),
    )
  })

  it('is refused when there is none within a year', () => {
    expect(() => planPostingDay('2026-11-24', { ...rules, postingWeekdays: [] })).toThrow(RangeError)
  })
})

describe('the cut-off', () => {
  it.each([
    ['before that of the day', '2026-11-24T12:59:59Z', '2026-11-24T13:00:00Z'],
    ['at it: the next one', '2026-11-24T13:00:00Z', '2026-11-25T13:00:00Z'],
    ['on a Friday evening', '2026-11-27T20:00:00Z', '2026-11-30T13:00:00Z'],
    ['before summer time', '2027-03-25T14:00:00Z', '2027-03-30T12:00:00Z'],
    ['before winter time', '2026-10-23T13:00:00Z', '2026-10-26T13:00:00Z'],
    ['over Christmas', '2026-12-23T14:00:00Z', '2026-12-28T13:00:00Z'],
    ['shortly after midnight in Berlin', '2026-11-24T23:30:00Z', '2026-11-25T13:00:00Z'],
  ])('is found %s', (_, now, cutOff) => {
    expect(nextCutOff(new Date(now), rules)).toEqual(new Date(cutOff))
  })

  it('stands in an hour that summer time skips or repeats all the same', () => {
    const night = { ...rules, cutOff: '02:30', postingWeekdays: ['sun'] as const, holidays: null }
    expect(nextCutOff(new Date('2027-03-27T12:00:00Z'), night)).toEqual(new Date('2027-03-28T01:30:00Z'))
    expect(nextCutOff(new Date('2026-10-24T12:00:00Z'), night)).toEqual(new Date('2026-10-25T00:30:00Z'))
  })

  it('always lies ahead, on a working day', () => {
    fc.assert(
      fc.property(fc.date({ min: new Date('2025-01-01'), max: new Date('2045-01-01'), noInvalidDate: true }), (now) => {
        const cutOff = nextCutOff(now, rules)
        expect(cutOff > now).toBe(true)
        expect(isPostingDay(berlinDay(cutOff), rules)).toBe(true)
      }),
    )
  })
})

it('a receipt may come until the working day behind the planned one, or on it when there is no grace', () => {
  expect(receiptLastDay('2026-11-27', rules)).toBe('2026-11-30')
  expect(receiptLastDay('2026-12-23', { ...rules, receiptGraceDays: 2 })).toBe('2026-12-29')
  expect(receiptLastDay('2026-11-27', { ...rules, receiptGraceDays: 0 })).toBe('2026-11-27')
})

describe('a run that nobody confirms', () => {
  const run = (postingDay: string, id = '00000000-0000-4000-8000-000000000000') => ({ id, postingDay })
  const posted = (postingDay: string, postedAt: string) => ({ postingDay, postedAt: new Date(postedAt) })

  it.each([
    ['at the cut-off when there is no other', '2026-11-25', [], '2026-11-25T13:00:00Z'],
    [
      'at the time of another, on the day itself',
      '2026-11-27',
      [posted('2026-11-24', '2026-11-24T16:10:00Z')],
      '2026-11-27T16:10:00Z',
    ],
    [
      'on the next working day like another',
      '2026-11-27',
      [posted('2026-11-24', '2026-11-25T07:30:00Z')],
      '2026-11-30T07:30:00Z',
    ],
    [
      'by the clock of Berlin over the change to summer time',
      '2027-03-30',
      [posted('2027-03-24', '2027-03-24T16:00:00Z')],
      '2027-03-30T15:00:00Z',
    ],
    [
      'on the next working day like one of a Saturday',
      '2026-11-24',
      [posted('2026-11-20', '2026-11-21T08:00:00Z')],
      '2026-11-25T08:00:00Z',
    ],
  ])('is posted %s', (_, postingDay, earlier, expected) => {
    expect(assumedConfirmation(run(postingDay), earlier, rules)).toEqual(new Date(expected))
  })

  it('follows one of the earlier ones, up to a quarter of an hour later', () => {
    const earlier = [posted('2026-11-24', '2026-11-24T16:00:00Z'), posted('2026-11-23', '2026-11-23T17:00:00Z')]
    const at = (id: string) => assumedConfirmation(run('2026-11-25', id), earlier, rules).toISOString()
    expect(at('00000002-0000-4000-8000-000080000000')).toBe('2026-11-25T16:07:30.000Z')
    expect(at('00000003-0000-4000-8000-0000ffffffff')).toMatch(/^2026-11-25T17:14:59/)
  })

  it('is posted neither before its day nor after the grace', () => {
    fc.assert(
      fc.property(
        fc.uuid(),
        fc.integer({ min: 0, max: 60 * 24 * 6 }),
        fc.integer({ min: 0, max: 2 }),
        (id, late, grace) => {
          const own = { ...rules, receiptGraceDays: grace }
          const earlier = posted(
            '2026-11-19',
            new Date(startOfDay('2026-11-19').getTime() + late * 60_000).toISOString(),
          )
          const day = berlinDay(assumedConfirmation(run('2026-11-26', id), [earlier], own))
          expect(day >= '2026-11-26' && day <= receiptLastDay('2026-11-26', own)).toBe(true)
        },
      ),
    )
  })
})
