import type { CalendarDay } from '../../domain/calendar.ts'
import { hasUnknownParts, type PartialDay } from '../../domain/register/partial-day.ts'

/** What core systems write for "no end" and "no day". */
const noDay = ['9999-12-31', '0001-01-01', '0000-00-00']

/**
 * The spellings of a day, each brought to `YYYY-MM-DD` with zeros for what is unknown: `XX` stands for an unknown part (EDTF, ISO 8601-2),
 * databases write midnight behind a day. Without separators a year never looks like a month.
 */
const spellings: [RegExp, string][] = [
  [/[ T]00:00(:00([.,]0+)?)?$/, ''],
  [/\bxx\b/gi, '00'],
  [/^(\d)\./, '0$1.'],
  [/^(\d\d)\.(\d)\./, '$1.0$2.'],
  [/^(\d\d)\.(\d\d)\.(\d{4})$/, '$3-$2-$1'],
  [/^(\d\d)(\d\d)((?:1[89]|2\d)\d\d)$/, '$3-$2-$1'],
  [/^(\d{4})(\d\d)(\d\d)$/, '$1-$2-$3'],
  [/^(\d\d)\.(\d{4})$/, '$2-$1-00'],
  [/^(\d{4})-(\d\d)$/, '$1-$2-00'],
  [/^(\d{4})$/, '$1-00-00'],
]

/** Brings a day as core systems write it to `YYYY-MM-DD`, with zeros for unknown parts; other text stays as it is. */
export const toIso = (value: string): string =>
  spellings.reduce((text, [spelling, form]) => text.replace(spelling, form), value)

/** Tells whether a day in that form stands for none. */
export const isNoDay = (iso: string): boolean => noDay.includes(iso)

/** Reads a day of the calendar; undefined when there is no such day. */
export function parseDay(iso: string): CalendarDay | undefined {
  if (!/^(1[89]|2\d)\d\d-\d\d-\d\d$/.test(iso)) return undefined
  const instant = new Date(`${iso}T00:00:00Z`)
  return !Number.isNaN(instant.getTime()) && instant.toISOString().startsWith(iso) ? iso : undefined
}

/** Reads a day of which parts may be unknown. */
export function parsePartialDay(iso: string): PartialDay | undefined {
  if (!hasUnknownParts(iso)) return parseDay(iso)
  return /^((1[89]|2\d)\d\d|0000)/.test(iso) ? iso : undefined
}
