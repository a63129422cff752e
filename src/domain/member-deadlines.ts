import type { AccountState } from './account-state.ts'
import { addDays, type CalendarDay } from './calendar.ts'
import { coverageGraceLastDay, type Deadlines, suspendedAccountLastDay } from './deadlines.ts'

/** A date that somebody who helps a member has to know: the last day of something, or the instant from which on it is possible. */
export type MemberDeadline =
  | {
      name: 'activation' | 'code' | 'neverSignedIn' | 'coverageGrace' | 'suspendedUntil' | 'kept'
      lastDay: CalendarDay
    }
  | { name: 'nextLetter'; from: Date }

/** What the deadlines of an account depend on. `person`: as the register has it, only of accounts that have been active. */
export type DatedAccount = {
  state: AccountState
  activationLastDay: CalendarDay
  codeLastDay: CalendarDay | null
  activeSince: Date | null
  stateChangedAt: Date
  stateChangedOn: CalendarDay
}
type DatedPerson = { coverageTo: CalendarDay | null; deceasedOn: CalendarDay | null }

/**
 * Lists every deadline of an account that is still to come or decides what it is now, in the order in which they come up on the
 * member's way; `nextLetterFrom` is set while a further letter can be asked for (mission.md, "Deadlines").
 */
export function memberDeadlines(
  account: DatedAccount,
  { person, nextLetterFrom }: { person: DatedPerson | null; nextLetterFrom: Date | null },
  deadlines: Deadlines,
): MemberDeadline[] {
  const { state, codeLastDay, activeSince } = account
  const found: MemberDeadline[] = []
  if (state === 'pending_activation') found.push({ name: 'activation', lastDay: account.activationLastDay })
  if (!activeSince && codeLastDay && (state === 'letter_posted' || state === 'suspended')) {
    found.push({ name: 'code', lastDay: codeLastDay })
    found.push({ name: 'neverSignedIn', lastDay: addDays(codeLastDay, deadlines.neverSignedInDays) })
  }
  if (nextLetterFrom) found.push({ name: 'nextLetter', from: nextLetterFrom })
  if (!activeSince) return found
  if (state === 'active' && person?.coverageTo)
    found.push({ name: 'coverageGrace', lastDay: coverageGraceLastDay(person.coverageTo, deadlines) })
  const suspendedUntil = state === 'suspended' && suspendedAccountLastDay(person, account.stateChangedAt, deadlines)
  if (suspendedUntil) found.push({ name: 'suspendedUntil', lastDay: suspendedUntil })
  if (state === 'ended')
    found.push({ name: 'kept', lastDay: addDays(account.stateChangedOn, deadlines.endedAccountDays) })
  return found
}
