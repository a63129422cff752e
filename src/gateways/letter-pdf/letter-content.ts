/** A day of the calendar of Europe/Berlin, `YYYY-MM-DD`. */
export type CalendarDay = string

/** The postal address as the membership register holds it; `country` is a name or an ISO 3166-1 alpha-2 code. */
export type Recipient = {
  name: string
  addition?: string | null
  street: string
  postalCode: string
  city: string
  country?: string | null
}

type LetterBase = {
  /** Printed small at the foot, so that returned mail finds its letter; says nothing about the person. */
  id: string
  recipient: Recipient
  /** The planned posting day of the print run. */
  date: CalendarDay
  registeredOn: CalendarDay
  /** The mobile number of the registration, as the pages mask it, e.g. `+49 151 ••••• 71`. */
  maskedMobile: string
  largePrint: boolean
}

/** The letter that brings the Freischaltcode; `code` is `XXXX-XXXX-XXXX`, `lastDay` the last day on which it works. */
export type UnlockCodeLetter = LetterBase & {
  kind: 'unlock_code'
  code: string
  lastDay: CalendarDay
  /** Where the first sign-in begins; printed and in the QR code, so it carries no secret. */
  signInUrl: string
}

/** The letter that answers a registration for a number that already has an active account (mission.md, "Who may register"). */
export type AccountExistsLetter = LetterBase & {
  kind: 'account_exists'
  helpUrl: string
}

/** A letter that tells the member what happened to the account on a day; it has no code and nothing to be entered. */
export type NoticeLetter = LetterBase & {
  kind: 'mobile_replaced' | 'account_ended'
  happenedOn: CalendarDay
  helpUrl: string
}

export type LetterContent = UnlockCodeLetter | AccountExistsLetter | NoticeLetter

/** What a letter says about its sender; comes from the insurer profile in `config/`. */
export type LetterInsurer = {
  /** Full name in the letterhead, e.g. `AOK Bayern – Die Gesundheitskasse`. */
  name: string
  /** Name in the signature, e.g. `AOK Bayern`. */
  shortName: string
  slogan?: string
  /** Return address in one line above the recipient (DIN 5008). */
  senderLine: string
  help: { phone: string; phoneNote: string; email: string; branchText: string }
}
