import { addDays, addMonths, berlinDay, type CalendarDay, endOfDay } from './calendar.ts'

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
  unusedBrowserDays: number
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

/** A reminder: the how-manieth, and the instant before which somebody must have registered to get it. */
export type ReminderDue = { number: number; registeredBefore: Date }

/** Lists the reminders of the activation that go out on a day, the latest first; each is due from the morning of its day on. */
export function activationRemindersDue(
  today: CalendarDay,
  { activationReminderDays }: Pick<Deadlines, 'activationReminderDays'>,
): ReminderDue[] {
  const due = (days: number, index: number) => ({
    number: index + 1,
    registeredBefore: endOfDay(addDays(today, -days)),
  })
  return activationReminderDays.map(due).reverse()
}

/** Tells the last day on which an unlock code works, counted from its posting (seed, 3). */
export function unlockCodeLastDay(
  postedOn: CalendarDay,
  { unlockCodeDays }: Pick<Deadlines, 'unlockCodeDays'>,
): CalendarDay {
  return addDays(postedOn, unlockCodeDays)
}

/** Tells the last day of the unlock codes that people are reminded of on a day; of those that end earlier they have been, or are now. */
export function remindedCodeLastDay(
  today: CalendarDay,
  { unlockCodeReminderDaysBefore }: Pick<Deadlines, 'unlockCodeReminderDaysBefore'>,
): CalendarDay {
  return addDays(today, unlockCodeReminderDaysBefore)
}

/** Tells before which day the last code must have ended for a registration to go that was never signed in to. */
export function neverSignedInSince(
  today: CalendarDay,
  { neverSignedInDays }: Pick<Deadlines, 'neverSignedInDays'>,
): CalendarDay {
  return addDays(today, -neverSignedInDays)
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
