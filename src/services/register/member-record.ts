import type { CalendarDay } from '../../domain/calendar.ts'
import { hasBidiMarks, hasUnsafeCharacters } from '../../domain/input/unsafe-characters.ts'
import type { InsuredPerson } from '../../domain/register/eligibility.ts'
import { parseInsuranceNumber } from '../../domain/register/insurance-number.ts'
import { parseInsurerNumber } from '../../domain/register/insurer-number.ts'
import { latestDay, type PartialDay } from '../../domain/register/partial-day.ts'
import { isCountryCode } from '../../domain/register/postal-country.ts'
import { isNoDay, parseDay, parsePartialDay, toIso } from './member-days.ts'
import type { MemberColumn, MemberValues } from './member-file.ts'

/** Why a field is refused; never holds the value itself. */
export type FieldRefusal = { field: MemberColumn; reason: string }

/** `replaced`: fields with a letter that paper shows in another form. */
export type MemberRecord = { person: InsuredPerson; replaced: MemberColumn[] } | { refusals: FieldRefusal[] }

export type RecordRules = {
  /** The day of the import. */
  today: CalendarDay
  /** What a letter shows for a text; `null` when a letter of it cannot be drawn. */
  toPrintable(text: string): string | null
}

/** Turns one line of a member file into a person. All faults of a line are reported. */
export function parseMemberRecord(values: MemberValues, { today, toPrintable }: RecordRules): MemberRecord {
  const refusals: FieldRefusal[] = []
  const replaced: MemberColumn[] = []
  const read = createFieldReader(values, { refusals, replaced, toPrintable })
  const country = countryOf(read.text('country', 80))
  const addition = read.printed('address_addition', 100) ?? null
  const person = {
    insuranceNumber: read.parsed('insurance_number', parseInsuranceNumber),
    insurerNumber: read.parsed('insurer_number', parseInsurerNumber),
    givenName: read.name('given_name'),
    familyName: read.name('family_name'),
    birthDate: read.birthDate('birth_date'),
    address: {
      // A post office box, a holding or a place abroad may have none.
      street: read.printed('street', 100) ?? (country === 'DE' && addition === null ? read.missing('street') : ''),
      postalCode: postalCodeOf(read.printed('postal_code', 12), country),
      city: read.printed('city', 80) ?? read.missing('city'),
      country,
      addition,
    },
    coverageFrom: read.requiredDay('coverage_from'),
    coverageTo: read.day('coverage_to') ?? null,
    guardianConsentRequired: read.flag('guardian_consent_required'),
    deceasedOn: read.dayOfDeath('deceased_on', today) ?? null,
    largePrint: read.flag('large_print'),
  }
  if (refusals.length === 0) refusals.push(...contradictions(person, today))
  return refusals.length > 0 ? { refusals } : { person, replaced }
}

/** Cards and reports write Germany as `D` (Anlage 8 of the reporting procedure); the other codes there mean other countries than ISO's. */
function countryOf(given: string | undefined): string {
  const code = (given ?? 'DE').toUpperCase()
  return code === 'D' || code === 'DEU' ? 'DE' : code
}

/** Older systems keep the sign of the country with the code: `D-80993`. */
function postalCodeOf(given: string | undefined, country: string): string {
  return country === 'DE' ? (given ?? '').replace(/^DE?[- ]*(?=\d)/i, '') : (given ?? '')
}

function contradictions(person: InsuredPerson, today: CalendarDay): FieldRefusal[] {
  const { address, birthDate, coverageFrom, coverageTo, deceasedOn } = person
  const checks: [boolean, MemberColumn, string][] = [
    [person.givenName === '' && person.familyName === '', 'family_name', 'missing'],
    [birthDate > today, 'birth_date', 'in_future'],
    [deceasedOn !== null && deceasedOn < birthDate, 'deceased_on', 'before_birth_date'],
    [coverageTo !== null && coverageTo < coverageFrom, 'coverage_to', 'before_coverage_from'],
    [!isCountryCode(address.country), 'country', 'not_a_country_code'],
    [address.country === 'DE' && address.postalCode === '', 'postal_code', 'missing'],
    [address.country === 'DE' && !/^(\d{5})?$/.test(address.postalCode), 'postal_code', 'not_five_digits'],
  ]
  return checks.filter(([wrong]) => wrong).map(([, field, reason]) => ({ field, reason }))
}

type Parsed = { ok: true; value: string } | { ok: false; reason: string }

type Notes = { refusals: FieldRefusal[]; replaced: MemberColumn[] } & Pick<RecordRules, 'toPrintable'>

/** Reads fields; a fault goes to `refusals` and gives an empty value, so that the line's other faults are found too. */
function createFieldReader(values: MemberValues, { refusals, replaced, toPrintable }: Notes) {
  const refuse = (field: MemberColumn, reason: string) => {
    refusals.push({ field, reason })
    return undefined
  }
  const text = (field: MemberColumn, longest: number): string | undefined => {
    const value = (values[field] ?? '').normalize('NFC').trim()
    if (value === '') return undefined
    if (hasUnsafeCharacters(value) || hasBidiMarks(value)) return refuse(field, 'characters')
    return [...value].length > longest ? refuse(field, 'too_long') : value
  }
  const missing = (field: MemberColumn): string => {
    if (!refusals.some((refusal) => refusal.field === field)) refuse(field, 'missing')
    return ''
  }
  const printed = (field: MemberColumn, longest: number): string | undefined => {
    const value = text(field, longest)
    if (value === undefined) return undefined
    const onPaper = toPrintable(value)
    if (onPaper === null) return refuse(field, 'not_printable')
    if (onPaper !== value) replaced.push(field)
    return value
  }
  const givenDay = (field: MemberColumn): string | undefined => {
    const value = text(field, 30)
    const iso = value === undefined ? undefined : toIso(value)
    return iso === undefined || isNoDay(iso) ? undefined : iso
  }
  const day = (field: MemberColumn): CalendarDay | undefined => {
    const iso = givenDay(field)
    return iso === undefined ? undefined : (parseDay(iso) ?? refuse(field, 'not_a_date'))
  }
  return {
    text,
    printed,
    missing,
    day,
    requiredDay: (field: MemberColumn) => day(field) ?? missing(field),
    /** A name without any letter (`-`, `.`) stands for none. */
    name(field: MemberColumn): string {
      const value = printed(field, 80) ?? ''
      return /\p{L}/u.test(value) ? value : ''
    },
    birthDate(field: MemberColumn): PartialDay {
      const value = text(field, 30)
      return value === undefined ? missing(field) : (parsePartialDay(toIso(value)) ?? refuse(field, 'not_a_date') ?? '')
    },
    /**
     * Who was found dead may have no day of death. The last possible one counts, also where that is still to come: it must not
     * change from one import to the next.
     */
    dayOfDeath(field: MemberColumn, today: CalendarDay): CalendarDay | undefined {
      const iso = givenDay(field)
      if (iso === undefined) return undefined
      const day = parsePartialDay(iso)
      if (day === undefined) return refuse(field, 'not_a_date')
      // Zeros come before every day: the first possible one counts here.
      return day > today ? refuse(field, 'in_future') : (latestDay(day) ?? undefined)
    },
    parsed(field: MemberColumn, parse: (value: string) => Parsed): string {
      const value = text(field, 40)
      if (value === undefined) return missing(field)
      const result = parse(value)
      return result.ok ? result.value : (refuse(field, result.reason) ?? '')
    },
    flag(field: MemberColumn): boolean {
      const value = (text(field, 10) ?? 'nein').toLowerCase()
      if (yes.includes(value)) return true
      if (!no.includes(value)) refuse(field, 'not_yes_or_no')
      return false
    },
  }
}

const yes = ['ja', 'j', 'yes', 'y', 'true', 'wahr', '1']
const no = ['nein', 'n', 'no', 'false', 'falsch', '0']
