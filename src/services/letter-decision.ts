import type { CalendarDay } from '../domain/calendar.ts'
import { checkEligibility, type InsuredPerson } from '../domain/eligibility.ts'
import type { Account } from '../stores/accounts.ts'
import type { Letter, LetterContentKind, LetterPurpose } from '../stores/letters.ts'

type Rules = { minimumAge: number }

/** Tells what goes into the envelope on its posting day, by what the letter was asked for. */
export const decideContent = (
  rules: Rules,
  { purpose }: Pick<Letter, 'purpose'>,
  account: Account,
  known: Known,
  postingDay: CalendarDay,
): LetterContentKind => decide[purpose](rules, account, known, postingDay)

/** Of the insurance number of a registration: who stands in the register, and whether an account is active. */
export type Known = { person: InsuredPerson | null; accountIsActive: boolean }
type Decision = (desk: Rules, account: Account, known: Known, day: CalendarDay) => LetterContentKind

const decide: Record<LetterPurpose, Decision> = {
  unlock_code({ minimumAge }, account, { person, accountIsActive }, day) {
    const check = checkEligibility(person, account.insurerNumber, day, { minimumAge })
    if (!check.eligible) return 'none'
    return accountIsActive ? 'account_exists' : 'unlock_code'
  },
  // Nobody writes to the dead; whoever is not in the register has no address.
  mobile_replaced: (_desk, account, { person }) =>
    account.activeSince && account.state !== 'ended' && person && !person.deceasedOn ? 'mobile_replaced' : 'none',
  // An account that is open again by then has no end to tell.
  account_ended: (_desk, account, { person }) =>
    account.state === 'ended' && person && !person.deceasedOn ? 'account_ended' : 'none',
}
