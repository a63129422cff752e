import { randomUUID } from 'node:crypto'
import type { InsuredPerson } from '../../src/domain/register/eligibility.ts'
import type { NewAccount } from '../../src/stores/accounts/accounts.ts'

/** A person of the register who may register (contract.md, "Demo members"). */
export const erika: InsuredPerson = {
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
}

/** A registration with Erika's number, on 24 November 2026, under a user name of its own. */
export function newAccount(changes: Partial<NewAccount> = {}): NewAccount {
  const id = randomUUID()
  return {
    id,
    username: `erika.${id.slice(0, 8)}`,
    passwordHash: 'hash of the password',
    insuranceNumber: erika.insuranceNumber,
    insurerNumber: erika.insurerNumber,
    identification: 'post',
    email: 'erika@example.org',
    mobile: '+4915112345670',
    language: 'de',
    termsVersion: '2026-01',
    registeredAt: new Date('2026-11-24T09:00:00Z'),
    activationLastDay: '2026-12-22',
    ...changes,
  }
}
