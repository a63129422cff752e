import { describe, expect, it } from 'vitest'
import { parseMemberRecord } from './member-record.ts'

const today = '2026-11-24'
const line = {
  insurance_number: 'A123456780',
  insurer_number: '108310400',
  given_name: 'Erika',
  family_name: 'Mustermann',
  birth_date: '1964-08-12',
  street: 'Ahornweg 12',
  postal_code: '80993',
  city: 'München',
  coverage_from: '01.01.1990',
  coverage_to: '',
  guardian_consent_required: 'nein',
  deceased_on: '',
}

describe('line of a member file', () => {
  it('becomes a person, with the defaults of absent columns', () => {
    expect(parseMemberRecord(line, today)).toEqual({
      person: {
        insuranceNumber: 'A123456780',
        insurerNumber: '108310400',
        givenName: 'Erika',
        familyName: 'Mustermann',
        birthDate: '1964-08-12',
        address: { street: 'Ahornweg 12', postalCode: '80993', city: 'München', country: 'DE', addition: null },
        coverageFrom: '1990-01-01',
        coverageTo: null,
        guardianConsentRequired: false,
        deceasedOn: null,
        largePrint: false,
      },
    })
  })

  it.each([
    ['guardian_consent_required', 'ja', { guardianConsentRequired: true }],
    ['large_print', 'TRUE', { largePrint: true }],
    ['deceased_on', '29.02.2024', { deceasedOn: '2024-02-29' }],
    ['coverage_to', '2026-12-31', { coverageTo: '2026-12-31' }],
    ['family_name', ' Mu\u0308ller ', { familyName: 'Müller' }],
  ])('reads %s %s', (field, value, expected) => {
    expect(parseMemberRecord({ ...line, [field]: value }, today)).toMatchObject({ person: expected })
  })

  it.each([
    ['given_name', '', 'missing'],
    ['family_name', 'x'.repeat(81), 'too_long'],
    ['family_name', 'Mann\u202eretsum', 'characters'],
    ['street', 'Weg\u00007', 'characters'],
    ['birth_date', '1985-02-30', 'not_a_date'],
    ['birth_date', '12/08/1964', 'not_a_date'],
    ['birth_date', '2026-11-25', 'in_future'],
    ['coverage_from', '', 'missing'],
    ['coverage_to', '1989-12-31', 'before_coverage_from'],
    ['deceased_on', '1960-01-01', 'before_birth_date'],
    ['deceased_on', '2026-11-25', 'in_future'],
    ['postal_code', '8099', 'not_five_digits'],
    ['country', 'D1', 'not_a_country_code'],
    ['guardian_consent_required', 'vielleicht', 'not_yes_or_no'],
  ])('refuses %s: %j', (field, value, reason) => {
    expect(parseMemberRecord({ ...line, [field]: value }, today)).toEqual({ refusals: [{ field, reason }] })
  })

  it.each(['insurance_number', 'insurer_number'])('refuses a %s whose check digit is wrong', (field) => {
    const value = field === 'insurance_number' ? 'A123456781' : '108310401'
    expect(parseMemberRecord({ ...line, [field]: value }, today)).toMatchObject({ refusals: [{ field }] })
  })

  it('names every fault of a line, never a value', () => {
    const record = parseMemberRecord({ ...line, birth_date: '31.13.1999', city: '', street: '\u0007Gasse' }, today)
    expect(record).toEqual({
      refusals: [
        { field: 'birth_date', reason: 'not_a_date' },
        { field: 'street', reason: 'characters' },
        { field: 'city', reason: 'missing' },
      ],
    })
  })

  it('takes a postal code of another country as it is', () => {
    expect(parseMemberRecord({ ...line, country: 'at', postal_code: '6020' }, today)).toMatchObject({
      person: { address: { country: 'AT', postalCode: '6020' } },
    })
  })
})
