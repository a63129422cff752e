/** A day of the calendar of Europe/Berlin, ISO 8601: `2027-03-12`. Days compare as text. */
export type CalendarDay = string

const dayLength = 24 * 60 * 60 * 1000

const berlinClock = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'Europe/Berlin',
  calendar: 'gregory',
  numberingSystem: 'latn',
  hourCycle: 'h23',
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
})

/** Tells the day that the calendar in Berlin shows at an instant. */
export function berlinDay(at: Date): CalendarDay {
  return dayOf(new Date(wallTime(at)))
}

/** Counts `n` days on (or back, when negative). @throws RangeError when `day` is no day of the calendar */
export function addDays(day: CalendarDay, n: number): CalendarDay {
  return dayOf(new Date(midnightUtc(day) + n * dayLength))
}

/**
 * Counts `n` months on (or back); where the month has no such day, its last one: 31 January + 1 is 28 or 29 February.
 * @throws RangeError when `day` is no day of the calendar
 */
export function addMonths(day: CalendarDay, n: number): CalendarDay {
  const from = new Date(midnightUtc(day))
  const first = Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + n, 1)
  const next = new Date(first)
  const last = Date.UTC(next.getUTCFullYear(), next.getUTCMonth() + 1, 0)
  return dayOf(new Date(Math.min(first + (from.getUTCDate() - 1) * dayLength, last)))
}

/** Tells the instant at which a day ends in Berlin: the first one that no longer belongs to it. */
export function endOfDay(day: CalendarDay): Date {
  return startOfDay(addDays(day, 1))
}

/** Tells the instant at which a day begins in Berlin. @throws RangeError when `day` is no day of the calendar */
export function startOfDay(day: CalendarDay): Date {
  const wall = midnightUtc(day)
  // Summer time begins and ends at 01:00 UTC (directive 2000/84/EC): at 00:00 UTC the offset is still that of the day's start.
  return new Date(wall - offsetAt(wall))
}

/**
 * Tells the instant at which a clock in Berlin shows `time` (`HH:MM`) on a day; in the hour that summer time skips, the
 * instant one hour later, in the hour that comes twice, the first. @throws RangeError when `day` is no day of the calendar
 */
export function instantOn(day: CalendarDay, time: string): Date {
  const [hours = 0, minutes = 0] = time.split(':').map(Number)
  const wall = midnightUtc(day) + (hours * 60 + minutes) * 60_000
  const early = wall - offsetAt(wall - 2 * 60 * 60 * 1000)
  const late = wall - offsetAt(early)
  return new Date(wallTime(new Date(late)) === wall ? late : early)
}

/** Tells the time of day that a clock in Berlin shows at an instant, `HH:MM`. */
export function berlinTime(at: Date): string {
  return new Date(wallTime(at)).toISOString().slice(11, 16)
}

/** Tells the day of the week, 0 for Sunday to 6 for Saturday. @throws RangeError when `day` is no day of the calendar */
export function weekday(day: CalendarDay): number {
  return new Date(midnightUtc(day)).getUTCDay()
}

/** Counts the days from `a` to `b`, negative when `b` is earlier. @throws RangeError when one is no day of the calendar */
export function daysBetween(a: CalendarDay, b: CalendarDay): number {
  return Math.round((midnightUtc(b) - midnightUtc(a)) / dayLength)
}

/** Tells whether a day is over in Berlin. */
export function isPast(day: CalendarDay, now: Date): boolean {
  return berlinDay(now) > day
}

/** Tells the age in whole years on a day; who was born on 29 February gets older on 1 March of other years (§ 188 BGB). */
export function ageOn(birthDate: CalendarDay, day: CalendarDay): number {
  const years = Number(day.slice(0, 4)) - Number(birthDate.slice(0, 4))
  return day.slice(5) < birthDate.slice(5) ? years - 1 : years
}

const dayOf = (utc: Date): CalendarDay => utc.toISOString().slice(0, 10)

/** Milliseconds that a clock in Berlin is ahead of UTC at an instant, also given in milliseconds. */
const offsetAt = (instant: number) => wallTime(new Date(instant)) - Math.floor(instant / 1000) * 1000

/** What a clock in Berlin shows, as if it were UTC, in milliseconds, whole seconds. */
function wallTime(at: Date): number {
  const parts: Partial<Record<Intl.DateTimeFormatPartTypes, string>> = {}
  for (const { type, value } of berlinClock.formatToParts(at)) parts[type] = value
  const number = (type: Intl.DateTimeFormatPartTypes) => Number(parts[type])
  return Date.UTC(
    number('year'),
    number('month') - 1,
    number('day'),
    number('hour'),
    number('minute'),
    number('second'),
  )
}

function midnightUtc(day: CalendarDay): number {
  const midnight = /^\d{4}-\d\d-\d\d$/.test(day) ? Date.parse(`${day}T00:00:00Z`) : Number.NaN
  if (Number.isNaN(midnight) || dayOf(new Date(midnight)) !== day) throw new RangeError('Not a day of the calendar')
  return midnight
}
