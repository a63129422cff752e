import { addDays, addMonths, berlinDay, type CalendarDay } from './calendar.ts'

/** The deadlines of mission.md, "Deadlines", as they stand in `config/deadlines.yaml`; units in the names. */
export type Deadlines = {
  activationDays: number
  /** Days after the registration, rising. */
  activationReminderDays: readonly number[]
  unlockCodeDays: number
  unlockCodeReminderDaysBefore: number
  neverSignedInDays: number
  coverageGraceMonths: number
  abandonedRegistrationHours: number
  /** Days after which an account that has ended is deleted. */
  endedAccountDays: number
  /** Days after which a browser is forgotten that nobody signed in with, and a consent that nobody relied on. */
  unusedDeviceDays: number
  unusedConsentDays: number
  /** Months after the end of coverage, or death, after which a person leaves the register. */
  personMonthsAfterEnd: number
  /** Months after which a letter that came back blocks its address no longer. */
  returnedLetterMonths: number
  /** Days for which a message that has left or was given up is remembered, for bounces; and the receipt of an SMS. */
  messageDays: number
  smsReceiptDays: number
  /** Months after its last day for which an activation link is told apart from one that never was. */
  endedLinkMonths: number
  letterLimit: { count: number; windowDays: number; minimumGapHours: number }
}

/** The values of the seed and of mission.md. */
export const defaultDeadlines: Deadlines = {
  activationDays: 28,
  activationReminderDays: [7, 21],
  unlockCodeDays: 30,
  unlockCodeReminderDaysBefore: 10,
  neverSignedInDays: 90,
  coverageGraceMonths: 3,
  abandonedRegistrationHours: 24,
  endedAccountDays: 90,
  unusedDeviceDays: 400,
  unusedConsentDays: 400,
  personMonthsAfterEnd: 24,
  returnedLetterMonths: 24,
  messageDays: 30,
  smsReceiptDays: 90,
  endedLinkMonths: 12,
  letterLimit: { count: 4, windowDays: 30, minimumGapHours: 24 },
}

const hour = 60 * 60 * 1000

/**
 * Tells the last day on which an activation link works. A deadline of N days from day D has the last day D + N and
 * ends with it: after 28 days still alive, after 29 gone (seed, 2; mission.md, "Deadlines").
 */
export function activationLastDay(
  registeredAt: Date,
  { activationDays }: Pick<Deadlines, 'activationDays'>,
): CalendarDay {
  return addDays(berlinDay(registeredAt), activationDays)
}

/** Tells whether the next reminder of the activation is due; never after its last day (mission.md, "Deadlines"). */
export function activationReminderDue(
  registeredAt: Date,
  remindersSent: number,
  now: Date,
  deadlines: Pick<Deadlines, 'activationDays' | 'activationReminderDays'>,
): boolean {
  const days = deadlines.activationReminderDays[remindersSent]
  if (days === undefined) return false
  const today = berlinDay(now)
  return today >= addDays(berlinDay(registeredAt), days) && today <= activationLastDay(registeredAt, deadlines)
}

/** Tells the last day on which an unlock code works, counted from its posting (seed, 3). */
export function unlockCodeLastDay(
  postedOn: CalendarDay,
  { unlockCodeDays }: Pick<Deadlines, 'unlockCodeDays'>,
): CalendarDay {
  return addDays(postedOn, unlockCodeDays)
}

/** Tells the day on which a person is reminded of an unlock code that is not used yet. */
export function unlockCodeReminderDay(
  postedOn: CalendarDay,
  deadlines: Pick<Deadlines, 'unlockCodeDays' | 'unlockCodeReminderDaysBefore'>,
): CalendarDay {
  return addDays(unlockCodeLastDay(postedOn, deadlines), -deadlines.unlockCodeReminderDaysBefore)
}

/** Tells the last day of a registration that was never signed in to, counted from the last day of its last code. */
export function neverSignedInLastDay(
  codeLastDay: CalendarDay,
  { neverSignedInDays }: Pick<Deadlines, 'neverSignedInDays'>,
): CalendarDay {
  return addDays(codeLastDay, neverSignedInDays)
}

/** Tells the last day on which sign-in still works after the last day of coverage (mission.md, "Coverage is checked"). */
export function coverageGraceLastDay(
  coverageTo: CalendarDay,
  { coverageGraceMonths }: Pick<Deadlines, 'coverageGraceMonths'>,
): CalendarDay {
  return addMonths(coverageTo, coverageGraceMonths)
}

/**
 * Tells the last day of an account that is suspended: it ends as others do, after the grace of its coverage, or of the person's life, and
 * the days of an account that has ended, and not before these days after the suspension. Who is not in the register any more counts from the suspension. Null: no end in sight.
 */
export function suspendedAccountLastDay(
  person: { coverageTo: CalendarDay | null; deceasedOn: CalendarDay | null } | null,
  suspendedSince: Date,
  deadlines: Pick<Deadlines, 'coverageGraceMonths' | 'endedAccountDays'>,
): CalendarDay | null {
  const since = berlinDay(suspendedSince)
  const ends = person ? [person.coverageTo, person.deceasedOn].filter((day) => day !== null) : [since]
  const [first] = ends.sort()
  if (!first) return null
  // An end that the register tells late leaves time to mend what was wrong about it.
  const [, from = since] = [coverageGraceLastDay(first, deadlines), since].sort()
  return addDays(from, deadlines.endedAccountDays)
}

/**
 * Tells from when a further letter may go to an insurance number; `now` when at once. At most `count` in any
 * `windowDays` times 24 hours and `minimumGapHours` after the latest; earlier ones may lie ahead, when they are
 * only planned (mission.md, "Deadlines").
 */
export function nextLetterAllowedAt(
  previousRequestedAt: readonly Date[],
  now: Date,
  { letterLimit }: Pick<Deadlines, 'letterLimit'>,
): Date {
  const latestFirst = previousRequestedAt.map((at) => at.getTime()).sort((a, b) => b - a)
  const after = (at: number | undefined, hours: number) => (at === undefined ? 0 : at + hours * hour)
  const gapOver = after(latestFirst[0], letterLimit.minimumGapHours)
  const windowOver = after(latestFirst[letterLimit.count - 1], letterLimit.windowDays * 24)
  return new Date(Math.max(now.getTime(), gapOver, windowOver))
}
