import type { CalendarDay } from '../../../domain/calendar.ts'
import type { Deadlines } from '../../../domain/deadlines.ts'

/** What the statements of the invariants may name; days are days of Europe/Berlin. */
export type InvariantMoment = {
  now: Date
  today: CalendarDay
  yesterday: CalendarDay
  hourAgo: Date
  dayAgo: Date
  /** Codes that ended before this day belong to registrations that should be gone. */
  forgottenBefore: CalendarDay
  /** Letters counted from here on, and how many there may be. */
  letterWindow: Date
  letterCount: number
}

/**
 * Something that always holds. `broken` selects the ids of the rows where it does not, as text in a column `id`; named
 * parameters are those of the moment. `mend` says what an operator does. `warning`: somebody should look, nothing is wrong.
 */
export type Invariant = {
  name: string
  about: 'account' | 'letter' | 'print run' | 'message' | 'code' | 'journey' | 'person' | 'job' | 'audit event'
  meaning: string
  broken: string
  mend: string
  warning?: true
}

/** Computes the moment that invariants are judged at. */
export function momentOf(
  now: Date,
  days: { today: CalendarDay; yesterday: CalendarDay; forgottenBefore: CalendarDay },
  { letterLimit }: Pick<Deadlines, 'letterLimit'>,
): InvariantMoment {
  const ago = (hours: number) => new Date(now.getTime() - hours * 60 * 60 * 1000)
  return {
    now,
    ...days,
    hourAgo: ago(1),
    dayAgo: ago(24),
    letterWindow: ago(24 * letterLimit.windowDays),
    letterCount: letterLimit.count,
  }
}
