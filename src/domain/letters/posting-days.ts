import { getHolidays, type Region } from 'feiertagejs'
import { addDays, berlinDay, berlinTime, type CalendarDay, endOfDay, instantOn, weekday } from '../calendar.ts'

const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const

/** How the print shop and the post work, as it stands in `config/print-desk.yaml`. */
export type PostingRules = {
  /** Until when letters of the day are taken, `HH:MM` in Berlin. */
  cutOff: string
  postingWeekdays: readonly (typeof weekdays)[number][]
  /** Working days that the print shop needs from the day of preparing to the day of posting. */
  productionDays: number
  /** Federal state whose public holidays are no working days; `null`: none are. */
  holidays: 'BY' | 'BW' | 'BUND' | null
  /** Further days without post: `MM-DD` every year, or `YYYY-MM-DD`. */
  closedDays: readonly string[]
  /** Working days after the planned one within which the print shop may confirm that it posted on the planned day. */
  receiptGraceDays: number
}

/** Longest closure that a search crosses; a plan without any working day is a fault of the configuration. */
const horizon = 366

/** Tells whether letters are taken and posted on a day. */
export function isPostingDay(day: CalendarDay, rules: PostingRules): boolean {
  const name = weekdays[weekday(day)]
  if (!name || !rules.postingWeekdays.includes(name)) return false
  if (rules.closedDays.includes(day) || rules.closedDays.includes(day.slice(5))) return false
  return !rules.holidays || !holidaysOf(Number(day.slice(0, 4)), rules.holidays).has(day)
}

/**
 * Tells the planned posting day of a run that is prepared on `day`: the working day that lies `productionDays` behind it,
 * without any the day itself or the next working day.
 */
export function planPostingDay(day: CalendarDay, rules: PostingRules): CalendarDay {
  return rules.productionDays === 0
    ? postingDayAfter(addDays(day, -1), 1, rules)
    : postingDayAfter(day, rules.productionDays, rules)
}

/** Tells the next cut-off after an instant; letters are taken on working days only. */
export function nextCutOff(after: Date, rules: PostingRules): Date {
  let day = addDays(berlinDay(after), -1)
  for (;;) {
    day = postingDayAfter(day, 1, rules)
    const cutOff = instantOn(day, rules.cutOff)
    if (cutOff > after) return cutOff
  }
}

/** Tells the last day on which a receipt may still say that a run was posted on its planned day. */
export function receiptLastDay(postingDay: CalendarDay, rules: PostingRules): CalendarDay {
  return rules.receiptGraceDays === 0 ? postingDay : postingDayAfter(postingDay, rules.receiptGraceDays, rules)
}

/** When an earlier run was confirmed. */
export type Confirmation = { postingDay: CalendarDay; postedAt: Date }

/** How long after the time that it takes from others a run may be confirmed, in milliseconds. */
const spread = 15 * 60_000

/**
 * Tells when a run that no print shop has is taken as posted: as one of the `earlier` runs was, as many working days after its
 * planned day and at that time, a little later; without any, at the cut-off. Which one and how much later hangs on the run's
 * random id alone. Never before its day, never after the grace.
 */
export function assumedConfirmation(
  { id, postingDay }: { id: string; postingDay: CalendarDay },
  earlier: readonly Confirmation[],
  rules: PostingRules,
): Date {
  const model = earlier[Number.parseInt(id.slice(0, 8), 16) % earlier.length]
  const behind = model ? Math.min(workingDaysBehind(model, rules), rules.receiptGraceDays) : 0
  const day = behind === 0 ? postingDay : postingDayAfter(postingDay, behind, rules)
  const time = instantOn(day, model ? berlinTime(model.postedAt) : rules.cutOff).getTime()
  const later = (Number.parseInt(id.slice(-8), 16) / 2 ** 32) * spread
  const latest = endOfDay(receiptLastDay(postingDay, rules)).getTime() - spread
  return new Date(Math.min(time + later, latest))
}

/** Counts the working days from the planned day to the confirmation; one that came on a day off counts as the next. */
function workingDaysBehind({ postingDay, postedAt }: Confirmation, rules: PostingRules): number {
  const confirmed = berlinDay(postedAt)
  let count = 0
  for (let day = addDays(postingDay, 1); day <= confirmed; day = addDays(day, 1)) if (isPostingDay(day, rules)) count++
  return confirmed > postingDay ? Math.max(count, 1) : 0
}

/** @throws RangeError when no such day lies within a year. */
function postingDayAfter(day: CalendarDay, count: number, rules: PostingRules): CalendarDay {
  let left = count
  let next = day
  for (let step = 0; step < horizon; step++) {
    next = addDays(next, 1)
    if (isPostingDay(next, rules)) left--
    if (left === 0) return next
  }
  throw new RangeError('no posting day within a year')
}

const known = new Map<string, ReadonlySet<CalendarDay>>()

function holidaysOf(year: number, region: Region): ReadonlySet<CalendarDay> {
  const key = `${region} ${year}`
  const found = known.get(key)
  if (found) return found
  const days = new Set(getHolidays(year, region).map((holiday) => holiday.dateString))
  known.set(key, days)
  return days
}
