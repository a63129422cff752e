import type { CalendarDay } from '../domain/calendar.ts'
import type { InsuredPerson } from '../domain/eligibility.ts'
import { parseInsuranceNumber } from '../domain/insurance-number.ts'
import { parseInsurerNumber } from '../domain/insurer-number.ts'
import { hasBidiMarks, hasUnsafeCharacters } from '../domain/unsafe-characters.ts'
import type { MemberColumn, MemberValues } from './member-file.ts'

/** Why a field is refused; never holds the value itself. */
export type FieldRefusal = { field: MemberColumn; reason: string }

export type MemberRecord = { person: InsuredPerson } | { refusals: FieldRefusal[] }

/** Turns one line of a member file into a person; `today` is the day of the import. All faults of a line are reported. */
export function parseMemberRecord(values: MemberValues, today: CalendarDay): MemberRecord {
  const refusals: FieldRefusal[] = []
  const read = createFieldReader(values, refusals)
  const country = read.text('country', 2) ?? 'DE'
  const person = {
    insuranceNumber: read.parsed('insurance_number', parseInsuranceNumber),
    insurerNumber: read.parsed('insurer_number', parseInsurerNumber),
    givenName: read.required('given_name', 80),
    familyName: read.required('family_name', 80),
    birthDate: read.requiredDay('birth_date'),
    address: {
      street: read.required('street', 100),
      postalCode: read.required('postal_code', 12),
      city: read.required('city', 80),
      country: country.toUpperCase(),
      addition: read.text('address_addition', 100) ?? null,
    },
    coverageFrom: read.requiredDay('coverage_from'),
    coverageTo: read.day('coverage_to') ?? null,
    guardianConsentRequired: read.flag('guardian_consent_required'),
    deceasedOn: read.day('deceased_on') ?? null,
    largePrint: read.flag('large_print'),
  }
  if (refusals.length === 0) refusals.push(...contradictions(person, today))
  return refusals.length > 0 ? { refusals } : { person }
}

function contradictions(person: InsuredPerson, today: CalendarDay): FieldRefusal[] {
  const { address, birthDate, coverageFrom, coverageTo, deceasedOn } = person
  const checks: [boolean, MemberColumn, string][] = [
    [birthDate > today, 'birth_date', 'in_future'],
    [deceasedOn !== null && deceasedOn > today, 'deceased_on', 'in_future'],
    [deceasedOn !== null && deceasedOn < birthDate, 'deceased_on', 'before_birth_date'],
    [coverageTo !== null && coverageTo < coverageFrom, 'coverage_to', 'before_coverage_from'],
    [!/^[A-Z]{2}$/.test(address.country), 'country', 'not_a_country_code'],
    [address.country === 'DE' && !/^\d{5}$/.test(address.postalCode), 'postal_code', 'not_five_digits'],
  ]
  return checks.filter(([wrong]) => wrong).map(([, field, reason]) => ({ field, reason }))
}

type Parsed = { ok: true; value: string } | { ok: false; reason: string }

/** Reads fields; a fault goes to `refusals` and gives an empty value, so that the line's other faults are found too. */
function createFieldReader(values: MemberValues, refusals: FieldRefusal[]) {
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
  const faulty = (field: MemberColumn) => refusals.some((refusal) => refusal.field === field)
  const orMissing = (field: MemberColumn, value: string | undefined): string => {
    if (value === undefined && !faulty(field)) refuse(field, 'missing')
    return value ?? ''
  }
  const day = (field: MemberColumn): CalendarDay | undefined => {
    const value = text(field, 10)
    return value === undefined ? undefined : (parseDay(value) ?? refuse(field, 'not_a_date'))
  }
  return {
    text,
    day,
    required: (field: MemberColumn, longest: number) => orMissing(field, text(field, longest)),
    requiredDay: (field: MemberColumn) => orMissing(field, day(field)),
    parsed(field: MemberColumn, parse: (value: string) => Parsed): string {
      const value = orMissing(field, text(field, 40))
      if (value === '') return ''
      const result = parse(value)
      return result.ok ? result.value : (refuse(field, result.reason) ?? '')
    },
    flag(field: MemberColumn): boolean {
      const value = (text(field, 10) ?? 'nein').toLowerCase()
      if (['ja', 'true', '1'].includes(value)) return true
      if (!['nein', 'false', '0'].includes(value)) refuse(field, 'not_yes_or_no')
      return false
    },
  }
}

/** Reads `YYYY-MM-DD` or `DD.MM.YYYY`; undefined when there is no such day. */
function parseDay(value: string): CalendarDay | undefined {
  const german = /^(\d{2})\.(\d{2})\.(\d{4})$/.exec(value)
  const iso = german ? `${german[3]}-${german[2]}-${german[1]}` : value
  if (!/^(1[89]|2\d)\d\d-\d\d-\d\d$/.test(iso)) return undefined
  const instant = new Date(`${iso}T00:00:00Z`)
  return !Number.isNaN(instant.getTime()) && instant.toISOString().startsWith(iso) ? iso : undefined
}
