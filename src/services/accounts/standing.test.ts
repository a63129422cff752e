import { describe, expect, it, vi } from 'vitest'
import { defaultDeadlines } from '../../../test/support/deadlines.ts'
import type { InsuredPerson } from '../../domain/register/eligibility.ts'
import type { Account } from '../../stores/accounts/accounts.ts'
import type { UnitOfWork } from '../../stores/transaction.ts'
import { createStandingService, type StandingChange } from './standing.ts'

const now = new Date('2026-11-25T09:00:00Z')
const service = createStandingService({
  deadlines: defaultDeadlines,
  letters: { request: async () => ({ letterDay: '2026-11-24' }) },
})
const person: InsuredPerson = {
  insuranceNumber: 'A123456780',
  insurerNumber: '108310400',
  givenName: 'Erika',
  familyName: 'Mustermann',
  birthDate: '1964-08-12',
  address: { street: 'Ahornweg 12', postalCode: '80993', city: 'München', country: 'DE' },
  coverageFrom: '1990-01-01',
  coverageTo: null,
  guardianConsentRequired: false,
  deceasedOn: null,
  largePrint: false,
}
const account = (changes: Partial<Account> = {}) =>
  ({
    id: 'id',
    insuranceNumber: 'A123456780',
    insurerNumber: '108310400',
    state: 'active',
    activeSince: now,
    suspensionReason: null,
    ...changes,
  }) as Account

const judge = (found: InsuredPerson | null, of = account(), options = {}) => service.judge(of, found, now, options)
const suspended = (reason: Account['suspensionReason']) => account({ state: 'suspended', suspensionReason: reason })
const dead = { ...person, deceasedOn: '2026-11-20' }
const guarded = { ...person, guardianConsentRequired: true }
const over = { ...person, coverageTo: '2026-08-24' }

describe('judge', () => {
  it.each<[string, InsuredPerson | null, Account, StandingChange]>([
    ['covered', person, account(), { change: 'none' }],
    ['in the three months after coverage', { ...person, coverageTo: '2026-08-25' }, account(), { change: 'none' }],
    ['a day later', over, account(), { change: 'end' }],
    ['gone from the register', null, account(), { change: 'end' }],
    ['dead', dead, account(), { change: 'suspend', reason: 'deceased' }],
    ['under guardianship', guarded, account(), { change: 'suspend', reason: 'guardian' }],
    ['dead and already suspended', dead, suspended('staff'), { change: 'none' }],
    ['alive after all', person, suspended('deceased'), { change: 'resume', reason: 'deceased' }],
    ['without guardian again', person, suspended('guardian'), { change: 'resume', reason: 'guardian' }],
    ['suspended by staff', person, suspended('staff'), { change: 'none' }],
    ['ended and still not covered', over, account({ state: 'ended' }), { change: 'none' }],
    ['covered again', person, account({ state: 'ended' }), { change: 'reopen' }],
    [
      'with another insurer for long',
      { ...person, insurerNumber: '999999999', coverageFrom: '2026-01-01' },
      account(),
      { change: 'end' },
    ],
    [
      'with another insurer since this month',
      { ...person, insurerNumber: '999999999', coverageFrom: '2026-11-01' },
      account(),
      { change: 'none' },
    ],
  ])('of a person who is %s', async (_, found, of, change) => {
    expect(judge(found, of)).toEqual(change)
  })

  it.each([dead, guarded, over, null])(
    'leaves an account that was never active alone until its code was entered',
    async (found) => {
      const fresh = account({ state: 'letter_posted', activeSince: null })
      expect(judge(found, fresh)).toEqual({ change: 'none' })
      expect(judge(found, fresh, { codeEntered: true })).not.toEqual({ change: 'none' })
    },
  )
})

describe('follow', () => {
  const held = account({ state: 'suspended', suspensionReason: 'guardian' })
  it.each([
    [dead, account(), 'suspend', 'accountSuspended'],
    [person, held, 'resume', 'accountResumed'],
    [null, account(), 'end', 'accountEnded'],
    [person, account({ state: 'ended' }), 'reopen', 'accountResumed'],
  ] as const)('writes one audit event when the state changed, none when it did not', async (found, of, move, event) => {
    for (const changed of [true, false]) {
      const change = vi.fn(async () => changed)
      const accounts = { [move]: change, findWithPerson: async () => ({ account: of, person: found }) }
      const audit = { [event]: vi.fn(async () => {}) }
      const insuredPersons = { hold: vi.fn(async () => {}) }
      const unit = { accounts, audit, insuredPersons, letters: { lockNumber: async () => {} } }
      expect(await service.follow(unit as unknown as UnitOfWork, of, now)).toMatchObject({ change: move })
      expect(insuredPersons.hold).toHaveBeenCalledBefore(change)
      expect(change).toHaveBeenCalledOnce()
      expect(audit[event]).toHaveBeenCalledTimes(changed ? 1 : 0)
    }
  })
})
