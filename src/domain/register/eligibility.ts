import { ageOn, type CalendarDay } from '../calendar.ts'
import { coverageGraceLastDay, type Deadlines } from '../deadlines.ts'
import { latestDay, type PartialDay } from './partial-day.ts'

/** A postal address of the register; `country` in ISO 3166-1, `postalCode` empty in countries that have none. */
export type PostalAddress = {
  street: string
  postalCode: string
  city: string
  country: string
  addition?: string | null
}

/** A person of the membership register (mission.md, "Membership register"). */
export type InsuredPerson = {
  insuranceNumber: string
  insurerNumber: string
  /** One of the two may be empty: some people have one name only. */
  givenName: string
  familyName: string
  birthDate: PartialDay
  address: PostalAddress
  /** First and last day of coverage; `coverageTo` is null while no end is known. */
  coverageFrom: CalendarDay
  coverageTo: CalendarDay | null
  /** A guardian with reservation of consent (§ 1825 BGB). */
  guardianConsentRequired: boolean
  deceasedOn: CalendarDay | null
  largePrint: boolean
}

type Eligibility =
  | { eligible: true }
  | {
      eligible: false
      reason:
        | 'unknown'
        | 'other_insurer'
        | 'under_age'
        | 'age_unknown'
        | 'coverage_ended'
        | 'coverage_not_begun'
        | 'guardian'
        | 'deceased'
    }

type SignInStanding = 'normal' | 'coverage_grace' | 'coverage_over' | 'guardian' | 'deceased' | 'unknown'

/**
 * Tells whether a person of the register may have an account with an insurer on a day; `minimumAge` in years
 * (mission.md, "Who may register"). Only the letter may depend on the answer.
 */
export function checkEligibility(
  person: InsuredPerson | null,
  insurerNumber: string,
  day: CalendarDay,
  { minimumAge }: { minimumAge: number } = { minimumAge: 15 },
): Eligibility {
  if (!person) return { eligible: false, reason: 'unknown' }
  const { coverageTo } = person
  if (person.deceasedOn !== null) return { eligible: false, reason: 'deceased' }
  if (person.insurerNumber !== insurerNumber) return { eligible: false, reason: 'other_insurer' }
  if (person.guardianConsentRequired) return { eligible: false, reason: 'guardian' }
  if (coverageTo !== null && coverageTo < day) return { eligible: false, reason: 'coverage_ended' }
  if (person.coverageFrom > day) return { eligible: false, reason: 'coverage_not_begun' }
  // Of several possible days of birth every one must be early enough.
  const bornBy = latestDay(person.birthDate)
  if (bornBy === null) return { eligible: false, reason: 'age_unknown' }
  if (ageOn(bornBy, day) < minimumAge) return { eligible: false, reason: 'under_age' }
  return { eligible: true }
}

/**
 * Tells what the register means for the sign-in of an active account on a day: death and guardian suspend it, coverage
 * that has ended leaves a grace (mission.md, "The register changes", "Coverage is checked").
 */
export function signInStanding(
  person: InsuredPerson | null,
  day: CalendarDay,
  deadlines: Pick<Deadlines, 'coverageGraceMonths'>,
): SignInStanding {
  if (!person) return 'unknown'
  if (person.deceasedOn !== null) return 'deceased'
  if (person.guardianConsentRequired) return 'guardian'
  // An account of a person whose coverage begins later comes from an earlier coverage: re-entry is on its way.
  if (person.coverageFrom > day) return 'coverage_grace'
  if (person.coverageTo === null || person.coverageTo >= day) return 'normal'
  return day <= coverageGraceLastDay(person.coverageTo, deadlines) ? 'coverage_grace' : 'coverage_over'
}
