import { describe, expect, it } from 'vitest'
import { defaultDeadlines } from '../../../test/support/deadlines.ts'
import { checkEligibility, type InsuredPerson, signInStanding } from './eligibility.ts'

const erika: InsuredPerson = {
  insuranceNumber: 'A123456780',
  insurerNumber: '108310400',
  givenName: 'Erika',
  familyName: 'Mustermann',
  birthDate: '1964-08-12',
  address: { street: 'Musterweg 1', postalCode: '80331', city: 'München', country: 'DE' },
  coverageFrom: '2020-01-01',
  coverageTo: null,
  guardianConsentRequired: false,
  deceasedOn: null,
  largePrint: false,
}
const day = '2027-03-12'

describe('checkEligibility', () => {
  const check = (changes: Partial<InsuredPerson>) =>
    checkEligibility({ ...erika, ...changes }, '108310400', day, { minimumAge: 15 })

  it.each<[string, Partial<InsuredPerson>]>([
    ['a covered adult', {}],
    ['a person who turns 15 today', { birthDate: '2012-03-12' }],
    ['a person born in a month of which every day is early enough', { birthDate: '2012-02-00' }],
    ['a person of whom only an early year is known', { birthDate: '1964-00-00' }],
    ['the first day of coverage', { coverageFrom: day }],
    ['the last day of coverage', { coverageTo: day }],
  ])('accepts %s', (_name, changes) => {
    expect(check(changes)).toEqual({ eligible: true })
  })

  it.each<[string, Partial<InsuredPerson>]>([
    ['other_insurer', { insurerNumber: '109519005' }],
    ['under_age', { birthDate: '2012-03-13' }],
    ['under_age', { birthDate: '2012-03-00' }],
    ['under_age', { birthDate: '2012-00-00' }],
    ['age_unknown', { birthDate: '0000-00-00' }],
    ['coverage_ended', { coverageTo: '2027-03-11' }],
    ['coverage_not_begun', { coverageFrom: '2027-03-13' }],
    ['guardian', { guardianConsentRequired: true }],
    ['deceased', { deceasedOn: '2027-03-01' }],
  ])('refuses: %s', (reason, changes) => {
    expect(check(changes)).toEqual({ eligible: false, reason })
  })

  it('refuses who is not in the register', () => {
    expect(checkEligibility(null, '108310400', day, { minimumAge: 15 })).toEqual({ eligible: false, reason: 'unknown' })
  })

  it('takes the age from its settings', () => {
    const child = { ...erika, birthDate: '2013-05-05' }
    expect(checkEligibility(child, '108310400', day, { minimumAge: 13 })).toEqual({ eligible: true })
    expect(checkEligibility(child, '108310400', day)).toEqual({ eligible: false, reason: 'under_age' })
  })
})

describe('signInStanding', () => {
  it.each<[ReturnType<typeof signInStanding>, string, Partial<InsuredPerson>]>([
    ['normal', 'without an end', {}],
    ['normal', 'on the last day', { coverageTo: day }],
    ['coverage_grace', 'on the day after', { coverageTo: '2027-03-11' }],
    ['coverage_grace', 'on the last day of three months', { coverageTo: '2026-12-12' }],
    ['coverage_over', 'on the day after that', { coverageTo: '2026-12-11' }],
    ['coverage_grace', 'before a coverage that begins again', { coverageFrom: '2027-04-01' }],
    ['guardian', 'with a guardian', { guardianConsentRequired: true }],
    ['deceased', 'after death, whatever else holds', { deceasedOn: '2027-03-01', guardianConsentRequired: true }],
    ['guardian', 'with a guardian after the coverage', { guardianConsentRequired: true, coverageTo: '2020-01-31' }],
  ])('is %s %s', (standing, _name, changes) => {
    expect(signInStanding({ ...erika, ...changes }, day, defaultDeadlines)).toBe(standing)
  })

  it('is unknown for who is not in the register', () => {
    expect(signInStanding(null, day, defaultDeadlines)).toBe('unknown')
  })
})
