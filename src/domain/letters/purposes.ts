import type { AccountState } from '../account-state.ts'
import type { CalendarDay } from '../calendar.ts'
import { checkEligibility, type InsuredPerson } from '../register/eligibility.ts'

/** How a letter looks: codes to be entered, registrations that were tried, or what happened to an account. */
export type LetterForm = 'codes' | 'attempts' | 'notice'

/** What may stand on the paper: its form, and the page of the issuer that it sends its reader to. */
export type PrintedContent = { form: LetterForm; path: string }

/** The account that a letter was asked for. */
export type LetterAccount = { state: AccountState; insurerNumber: string; activeSince: Date | null }

/** Of the insurance number of a letter: who stands in the register, and whether an account is active. */
export type Known = { person: InsuredPerson | null; accountIsActive: boolean }

type Rules = { minimumAge: number }

/** What holds for the letters of a purpose, from the request to the post. */
type Purpose<Contents extends Record<string, PrintedContent>> = {
  /** What may be printed, by its word in rows, manifests and `config/letters/<language>.yaml`. Each belongs to one purpose. */
  contents: Contents
  /** Which of them goes into the envelope on its posting day. `none`: the row lives and ends as if a letter had gone out. */
  decide(
    rules: Rules,
    account: LetterAccount,
    known: Known,
    postingDay: CalendarDay,
  ): (keyof Contents & string) | 'none'
  /**
   * `anybody` who knows the number: room in the envelope is shared out (`envelope.ts`), and nothing outside tells whether it was printed,
   * so an address that mail came back from prints nothing. `member`: always has room, and waits for another address.
   */
  askedBy: 'anybody' | 'member'
  /** Whether the limits of letters count it for each account (mission.md, "Deadlines": at most 4 in 30 days, 24 hours apart). */
  limited: boolean
  /** `firstSignInOpens`: the account is `letter_posted`, and its e-mail says so. `noted`: only the audit log says it. */
  whenPosted: 'firstSignInOpens' | 'noted'
  /** A damaged one is asked for `anew`, as if today, or `repeated` with the day on which it first was. */
  reprint: 'anew' | 'repeated'
}

export type LetterPurposeRules = Purpose<Record<string, PrintedContent>>

const purpose = <const Contents extends Record<string, PrintedContent>>(rules: Purpose<Contents>) => rules

/** Nobody writes to the dead; whoever is not in the register has no address. */
const reaches = ({ person }: Known) => person !== null && !person.deceasedOn

/** What every letter tells that has nothing to be entered; each happens to the member of an account. */
const notice = { askedBy: 'member', limited: false, whenPosted: 'noted', reprint: 'repeated' } as const

const help = { form: 'notice', path: '/hilfe' } as const

/**
 * What letters are asked for: request, print run, post, reprint and drawing follow this table alone. A further purpose is a row
 * here and its texts in `config/letters/` (docs/decisions/0034-letter-purposes.md).
 */
export const letterPurposes = {
  /** A registration waits for its Freischaltcode (mission.md, "Who may register"). */
  unlock_code: purpose({
    contents: {
      unlock_code: { form: 'codes', path: '/anmeldung' },
      account_exists: { form: 'attempts', path: '/hilfe' },
    },
    decide({ minimumAge }, account, { person, accountIsActive }, day) {
      if (!checkEligibility(person, account.insurerNumber, day, { minimumAge }).eligible) return 'none'
      return accountIsActive ? 'account_exists' : 'unlock_code'
    },
    ...{ askedBy: 'anybody', limited: true, whenPosted: 'firstSignInOpens', reprint: 'anew' },
  }),
  /** mTAN go to another number now. */
  mobile_replaced: purpose({
    contents: { mobile_replaced: help },
    decide: (_rules, { activeSince, state }, known) =>
      activeSince && state !== 'ended' && reaches(known) ? 'mobile_replaced' : 'none',
    ...notice,
  }),
  /** Coverage is over; an account that is open again by then has no end to tell. */
  account_ended: purpose({
    contents: { account_ended: help },
    decide: (_rules, { state }, known) => (state === 'ended' && reaches(known) ? 'account_ended' : 'none'),
    ...notice,
  }),
} satisfies Record<string, LetterPurposeRules>

type Table = typeof letterPurposes

/** What a letter was asked for. */
export type LetterPurpose = keyof Table

/** The rules by purpose, as those who follow them take them. */
export type LetterPurposes = Readonly<Record<LetterPurpose, LetterPurposeRules>>

/** The words of what is printed in one of the forms. */
export type KindOf<Form extends LetterForm> = {
  [P in LetterPurpose]: {
    [Kind in keyof Table[P]['contents']]: Table[P]['contents'][Kind] extends { form: Form } ? Kind : never
  }[keyof Table[P]['contents']]
}[LetterPurpose]

/** What a letter tells. */
export type LetterKind = KindOf<LetterForm>

/** What the envelope holds. */
export type LetterContentKind = LetterKind | 'none'

/** All that may be printed, in the order in which an envelope holds it. */
export const printedContents = (purposes: LetterPurposes): [LetterKind, PrintedContent][] =>
  Object.values(purposes).flatMap(({ contents }) => Object.entries(contents) as [LetterKind, PrintedContent][])

/** The form in which a letter is printed; `null` when nothing is, or nothing has been decided yet. */
export function formOf(
  purposes: LetterPurposes,
  letter: { purpose: LetterPurpose; content: LetterContentKind | null },
): LetterForm | null {
  return purposes[letter.purpose].contents[letter.content ?? 'none']?.form ?? null
}
