import { describe, expect, it } from 'vitest'
import { loadToPrintable } from '../../../test/support/printable.ts'
import { type MemberRecord, parseMemberRecord } from './member-record.ts'

const rules = { today: '2026-11-24', toPrintable: loadToPrintable() }
const read = (changes: object): MemberRecord => parseMemberRecord({ ...line, ...changes }, rules)
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
    expect(read({})).toEqual({
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
      replaced: [],
    })
  })

  it.each([
    ['guardian_consent_required', 'ja', { guardianConsentRequired: true }],
    ['large_print', 'TRUE', { largePrint: true }],
    ['deceased_on', '29.02.2024', { deceasedOn: '2024-02-29' }],
    ['coverage_to', '2026-12-31', { coverageTo: '2026-12-31' }],
    ['coverage_to', '31.12.9999', { coverageTo: null }],
    ['coverage_to', '99991231', { coverageTo: null }],
    ['coverage_to', '00.00.0000', { coverageTo: null }],
    ['deceased_on', '9999-12-31', { deceasedOn: null }],
    ['deceased_on', '00000000', { deceasedOn: null }],
    // Found dead: nobody knows the day.
    ['deceased_on', '2024-02-00', { deceasedOn: '2024-02-29' }],
    // Not the day of the import: the next one would find another.
    ['deceased_on', '2026-00-00', { deceasedOn: '2026-12-31' }],
    ['deceased_on', '2026-11-00', { deceasedOn: '2026-11-30' }],
    ['deceased_on', '2024', { deceasedOn: '2024-12-31' }],
    ['deceased_on', '0001-01-01', { deceasedOn: null }],
    ['birth_date', '1964-08-12 00:00:00', { birthDate: '1964-08-12' }],
    ['birth_date', '12.08.1964 00:00', { birthDate: '1964-08-12' }],
    ['birth_date', '1964-08-12T00:00:00.000', { birthDate: '1964-08-12' }],
    ['birth_date', '2.8.1964', { birthDate: '1964-08-02' }],
    ['birth_date', '12081964', { birthDate: '1964-08-12' }],
    ['birth_date', '20121920', { birthDate: '1920-12-20' }],
    ['birth_date', '00001964', { birthDate: '1964-00-00' }],
    ['birth_date', '00081964', { birthDate: '1964-08-00' }],
    ['birth_date', '1964', { birthDate: '1964-00-00' }],
    ['birth_date', '1964-08', { birthDate: '1964-08-00' }],
    ['birth_date', '08.1964', { birthDate: '1964-08-00' }],
    ['birth_date', 'xx.xx.1964', { birthDate: '1964-00-00' }],
    ['birth_date', '1964-08-XX', { birthDate: '1964-08-00' }],
    ['coverage_from', '1.1.1990', { coverageFrom: '1990-01-01' }],
    ['coverage_from', '01011990', { coverageFrom: '1990-01-01' }],
    ['coverage_to', '31.12.9999 00:00:00', { coverageTo: null }],
    ['guardian_consent_required', 'J', { guardianConsentRequired: true }],
    ['guardian_consent_required', 'n', { guardianConsentRequired: false }],
    ['guardian_consent_required', 'Falsch', { guardianConsentRequired: false }],
    ['large_print', 'Yes', { largePrint: true }],
    ['given_name', 'Erika Maria-Luise', { givenName: 'Erika Maria-Luise' }],
    ['family_name', 'Prof. Dr. med. Gräfin von und zu Mustermann', {}],
    ['postal_code', 'D-80993', { address: { postalCode: '80993' } }],
    ['postal_code', 'D 80993', { address: { postalCode: '80993' } }],
    ['country', 'De', { address: { country: 'DE' } }],
    ['country', 'DEU', { address: { country: 'DE' } }],
    ['country', 'Xk', { address: { country: 'XK' } }],
    ['birth_date', '19640812', { birthDate: '1964-08-12' }],
    ['birth_date', '1964-00-00', { birthDate: '1964-00-00' }],
    ['birth_date', '00.00.1964', { birthDate: '1964-00-00' }],
    ['birth_date', '00.08.1964', { birthDate: '1964-08-00' }],
    ['birth_date', '19640800', { birthDate: '1964-08-00' }],
    ['birth_date', '0000-00-00', { birthDate: '0000-00-00' }],
    ['given_name', '', { givenName: '', familyName: 'Mustermann' }],
    ['family_name', '', { givenName: 'Erika', familyName: '' }],
    ['given_name', '-', { givenName: '' }],
    ['country', 'd', { address: { country: 'DE' } }],
    ['family_name', ' Mu\u0308ller ', { familyName: 'Müller' }],
  ])('reads %s %s', (field, value, expected) => {
    expect(read({ [field]: value })).toMatchObject({ person: expected })
  })

  it.each([
    ['birth_date', '', 'missing'],
    ['family_name', 'x'.repeat(81), 'too_long'],
    ['family_name', 'Mann\u202eretsum', 'characters'],
    ['street', 'Weg\u00007', 'characters'],
    ['birth_date', '1985-02-30', 'not_a_date'],
    ['birth_date', '12/08/1964', 'not_a_date'],
    ['birth_date', '1964-00-12', 'not_a_date'],
    ['birth_date', '0000-08-00', 'not_a_date'],
    ['birth_date', '0050-00-00', 'not_a_date'],
    ['birth_date', '2027-00-00', 'in_future'],
    ['birth_date', '9999-12-31', 'not_a_date'],
    ['coverage_from', '1990-00-00', 'not_a_date'],
    ['coverage_from', '9999-12-31', 'missing'],
    ['coverage_to', '2026-12-00', 'not_a_date'],
    ['deceased_on', '2026-12-00', 'in_future'],
    ['city', '北京', 'not_printable'],
    ['family_name', 'Mustermann \ue000', 'not_printable'],
    ['birth_date', '2026-11-25', 'in_future'],
    ['coverage_from', '', 'missing'],
    ['coverage_to', '1989-12-31', 'before_coverage_from'],
    ['deceased_on', '1960-01-01', 'before_birth_date'],
    ['deceased_on', '2026-11-25', 'in_future'],
    ['postal_code', '8099', 'not_five_digits'],
    ['postal_code', '', 'missing'],
    ['country', 'D1', 'not_a_country_code'],
    ['country', 'Germany', 'not_a_country_code'],
    ['country', 'AUT', 'not_a_country_code'],
    // Paper would say "unknown region", "pseudo-accents", or the letters themselves.
    ['country', 'ZZ', 'not_a_country_code'],
    ['country', 'XA', 'not_a_country_code'],
    ['country', 'OO', 'not_a_country_code'],
    ['country', 'EU', 'not_a_country_code'],
    ['country', 'DD', 'not_a_country_code'],
    ['country', 'SU', 'not_a_country_code'],
    ['country', 'UK', 'not_a_country_code'],
    ['birth_date', '12.08.64', 'not_a_date'],
    ['birth_date', '196X', 'not_a_date'],
    ['birth_date', '31.13.1964', 'not_a_date'],
    ['birth_date', '1964-08-12 07:00:00', 'not_a_date'],
    ['birth_date', '1964-08-12T00:00:00Z', 'not_a_date'],
    ['coverage_from', '1990', 'not_a_date'],
    ['coverage_to', '2026-12', 'not_a_date'],
    ['deceased_on', '2027', 'in_future'],
    ['guardian_consent_required', '-1', 'not_yes_or_no'],
    ['street', '', 'missing'],
    ['guardian_consent_required', 'vielleicht', 'not_yes_or_no'],
  ])('refuses %s: %j', (field, value, reason) => {
    expect(read({ [field]: value })).toEqual({ refusals: [{ field, reason }] })
  })

  it.each(['insurance_number', 'insurer_number'])('refuses a %s whose check digit is wrong', (field) => {
    const value = field === 'insurance_number' ? 'A123456781' : '108310401'
    expect(read({ [field]: value })).toMatchObject({ refusals: [{ field }] })
  })

  it('names every fault of a line, never a value', () => {
    const record = read({ birth_date: '31.13.1999', city: '', street: '\u0007Gasse' })
    expect(record).toEqual({
      refusals: [
        { field: 'birth_date', reason: 'not_a_date' },
        { field: 'street', reason: 'characters' },
        { field: 'city', reason: 'missing' },
      ],
    })
  })

  it('takes a postal code of another country as it is', () => {
    expect(read({ country: 'at', postal_code: '6020' })).toMatchObject({
      person: { address: { country: 'AT', postalCode: '6020' } },
    })
  })

  it.each(['', ' '])('takes an address abroad without a postal code (%j)', (postal_code) => {
    expect(read({ country: 'AE', postal_code })).toMatchObject({ person: { address: { postalCode: '' } } })
  })

  it.each([
    ['with an addition, as a post office box', { address_addition: 'Postfach 12 34' }, 'Postfach 12 34'],
    ['abroad', { country: 'FK', postal_code: 'FIQQ 1ZZ' }, null],
  ])('takes an address without a street %s', (_, changes, addition) => {
    expect(read({ street: '', ...changes })).toMatchObject({ person: { address: { street: '', addition } } })
  })

  it.each([
    ['deceased_on', '2026-00-00'],
    ['deceased_on', '2026-11-00'],
    ['birth_date', '1964-00-00'],
  ])('gives the same person on every day (%s %s)', (field, value) => {
    const days = ['2026-11-24', '2026-11-30', '2026-12-01', '2026-12-31', '2027-01-01']
    const persons = days.map((today) => parseMemberRecord({ ...line, [field]: value }, { ...rules, today }))
    expect(new Set(persons.map((person) => JSON.stringify(person))).size).toBe(1)
    expect(persons[0]).toHaveProperty('person')
  })

  it('refuses who has no name at all', () => {
    expect(read({ given_name: '-', family_name: '' })).toEqual({
      refusals: [{ field: 'family_name', reason: 'missing' }],
    })
  })

  it('keeps a name that paper shows in another form, and tells it', () => {
    const family_name = 'Mu\u0308ller\u0363'
    expect(read({ family_name })).toMatchObject({
      person: { familyName: 'Müller\u0363' },
      replaced: ['family_name'],
    })
  })
})
