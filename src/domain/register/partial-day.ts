import type { CalendarDay } from '../calendar.ts'

/**
 * A day, ISO 8601, in which what nobody knows is zeros: `1964-08-00`, `1964-00-00`, `0000-00-00`. Passports of many
 * countries name no day of birth, and the insurers' reporting procedure passes that on (Gemeinsames Rundschreiben, DBGB: `JJJJ0000`, `JJJJMM00`).
 */
export type PartialDay = string

const withUnknownParts = /^(\d{4})-(?:00-00|(0[1-9]|1[0-2])-00)$/

/** Tells whether a text is a day of which at least the day of the month is unknown; a known month needs a known year. */
export function hasUnknownParts(text: string): boolean {
  const parts = withUnknownParts.exec(text)
  return parts !== null && (parts[1] !== '0000' || parts[2] === undefined)
}

/** Tells the last day that it may be; `null` when not even the year is known. */
export function latestDay(day: PartialDay): CalendarDay | null {
  const parts = withUnknownParts.exec(day)
  if (!parts) return day
  const [year, month] = [Number(parts[1]), Number(parts[2] ?? 12)]
  // The day before the first of the next month.
  return year === 0 ? null : new Date(Date.UTC(year, month, 0)).toISOString().slice(0, 10)
}

/**
 * Writes a day of birth as the claim `birthdate` may hold it: `YYYY-MM-DD`, or `YYYY` where no more is known; there is no form
 * for year and month (OpenID Connect Core 1.0, 5.1). `undefined` without a year.
 */
export function birthdateClaim(birthDate: PartialDay): string | undefined {
  if (!hasUnknownParts(birthDate)) return birthDate
  return birthDate.startsWith('0000') ? undefined : birthDate.slice(0, 4)
}
