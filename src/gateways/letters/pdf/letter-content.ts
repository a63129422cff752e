import type { KindOf } from '../../../domain/letters/purposes.ts'

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
  /** The envelope's, printed small at the foot, so that returned mail finds it; says nothing about the person. */
  id: string
  recipient: Recipient
  /** The planned posting day of the print run. */
  date: CalendarDay
  largePrint: boolean
  /** Where the reader goes on; printed and in the QR code, so it carries no secret. */
  url: string
}

/** By what a member knows a registration as her own; the mobile number as the pages mask it, e.g. `+49 151 ••••• 71`. */
export type Registration = {
  registeredOn: CalendarDay
  /** `HH:MM` in Berlin; tells two of a day apart. */
  registeredTime: string
  maskedMobile: string
}

/**
 * A letter with codes to be entered: the Freischaltcode of each registration that waits, oldest first; `code` is `XXXX-XXXX-XXXX`,
 * `lastDay` the last day on which they work.
 */
export type CodesLetter = LetterBase & {
  kind: KindOf<'codes'>
  codes: (Registration & { code: string })[]
  lastDay: CalendarDay
}

/** The letter that answers registrations for a number that already has an active account (mission.md, "Who may register"). */
export type AttemptsLetter = LetterBase & { kind: KindOf<'attempts'>; registrations: Registration[] }

/** A letter that tells the member what happened to the account on a day; it has no code and nothing to be entered. */
export type NoticeLetter = LetterBase & { kind: KindOf<'notice'>; happenedOn: CalendarDay; maskedMobile: string }

/** What goes into one envelope, to one person: each letter on sheets of its own, the first one on top. */
export type Envelope = { id: string; letters: LetterContent[] }

export type LetterContent = CodesLetter | AttemptsLetter | NoticeLetter

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
