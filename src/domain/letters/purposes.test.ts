import { describe, expect, it } from 'vitest'
import type { AccountState } from '../account-state.ts'
import type { InsuredPerson } from '../register/eligibility.ts'
import { formOf, type LetterPurpose, letterPurposes, printedContents } from './purposes.ts'

const person: InsuredPerson = {
  insuranceNumber: 'A123456780',
  insurerNumber: '108310400',
  givenName: 'Erika',
  familyName: 'Mustermann',
  birthDate: '1964-08-12' as InsuredPerson['birthDate'],
  address: { street: 'Musterweg 12', postalCode: '80331', city: 'München', country: 'DE' },
  coverageFrom: '2001-01-01',
  coverageTo: null,
  guardianConsentRequired: false,
  deceasedOn: null,
  largePrint: false,
}
const dead = { ...person, deceasedOn: '2026-11-01' }
const day = '2026-11-24'
const decide = (
  purpose: LetterPurpose,
  state: AccountState,
  known: InsuredPerson | null,
  { wasActive = true, accountIsActive = false } = {},
) => {
  const account = { state, insurerNumber: '108310400', activeSince: wasActive ? new Date('2026-01-01') : null }
  return letterPurposes[purpose].decide({ minimumAge: 15 }, account, { person: known, accountIsActive }, day)
}

describe('the table of letters', () => {
  it('prints a content for one purpose only, and decides for its own', () => {
    const kinds = printedContents(letterPurposes).map(([kind]) => kind)
    expect(new Set(kinds).size).toBe(kinds.length)
    expect(decide('unlock_code', 'awaiting_letter', person)).toBe('unlock_code')
    expect(decide('unlock_code', 'awaiting_letter', person, { accountIsActive: true })).toBe('account_exists')
    expect(decide('mobile_replaced', 'active', person)).toBe('mobile_replaced')
    expect(decide('account_ended', 'ended', person)).toBe('account_ended')
  })

  it('writes to nobody who is dead or not in the register', () => {
    for (const purpose of Object.keys(letterPurposes) as LetterPurpose[])
      for (const state of ['awaiting_letter', 'active', 'ended'] as const)
        for (const known of [dead, null]) expect(decide(purpose, state, known), `${purpose} ${state}`).toBe('none')
  })

  it('tells no end that is undone, and no number of an account that never was', () => {
    expect(decide('account_ended', 'active', person)).toBe('none')
    expect(decide('mobile_replaced', 'ended', person)).toBe('none')
    expect(decide('mobile_replaced', 'awaiting_letter', person, { wasActive: false })).toBe('none')
  })

  it('knows the form of what is printed, and none of what is not', () => {
    expect(formOf(letterPurposes, { purpose: 'unlock_code', content: 'unlock_code' })).toBe('codes')
    expect(formOf(letterPurposes, { purpose: 'unlock_code', content: 'account_exists' })).toBe('attempts')
    expect(formOf(letterPurposes, { purpose: 'account_ended', content: 'unlock_code' })).toBeNull()
    for (const content of ['none', null] as const)
      expect(formOf(letterPurposes, { purpose: 'unlock_code', content })).toBeNull()
  })
})
