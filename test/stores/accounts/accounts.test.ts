import { randomUUID } from 'node:crypto'
import { beforeEach, expect, it } from 'vitest'
import { insuranceNumberHash, insuranceNumberHashes } from '../../../src/crypto/blind-index.ts'
import { type Account, createAccountStore, type NewAccount } from '../../../src/stores/accounts/accounts.ts'
import { createLetterStore } from '../../../src/stores/letters/letters.ts'
import { createInsuredPersonStore } from '../../../src/stores/register/insured-persons.ts'
import { createBrowserStore } from '../../../src/stores/sign-in/known-browsers.ts'
import { erika, newAccount } from '../../support/members.ts'
import { describeOnBoth } from '../../support/stores/databases.ts'
import { createProtection, newKey } from '../../support/stores/protection.ts'

const [oldKey, newestKey] = [newKey('old'), newKey('new')]
const protection = createProtection(oldKey)
const now = new Date('2026-11-25T09:00:00Z')
const later = new Date('2026-11-26T09:00:00Z')
const answer = { question: 'first_pet', answerHash: 'hash of the answer' }

describeOnBoth('accounts', (database) => {
  const store = (keys = protection) => createAccountStore(database(), keys)

  async function create(changes: Partial<NewAccount> = {}): Promise<NewAccount> {
    const account = newAccount(changes)
    expect(await store().create(account)).toBe(true)
    return account
  }

  async function posted(changes: Partial<NewAccount> = {}, lastDay = '2026-12-25'): Promise<NewAccount> {
    const account = await create(changes)
    await store().activateRegistration(account.id, now)
    await store().markLetterPosted(account.id, lastDay, now)
    return account
  }

  async function active(changes: Partial<NewAccount> = {}): Promise<NewAccount> {
    const account = await posted(changes)
    expect(await store().makeActive(account.id, answer, now)).toBe(true)
    return account
  }

  const find = async (id: string) => (await store().find(id)) as Account

  beforeEach(async () => {
    await database()('unlock_letters').delete()
    await database()('accounts').delete()
  })

  it('tells of each name whether its account knows the browser', async () => {
    const account = await create()
    await createBrowserStore(database()).makeKnown(account.id, 'hers', now)
    expect(await store().findSender(account.username, 'hers')).toEqual({
      account: await find(account.id),
      browserKnown: true,
    })
    expect(await store().findSender(account.username, 'another')).toMatchObject({ browserKnown: false })
    for (const name of ['niemand', '', "' or 1=1 --"])
      expect(await store().findSender(name, 'hers')).toEqual({ account: null, browserKnown: false })
  })

  it('gives an account together with its person, also of an older key, or without one', async () => {
    const account = await create()
    await database()('insured_persons').delete()
    expect(await store().findWithPerson(account.id)).toEqual({ account: await find(account.id), person: null })
    await createInsuredPersonStore(database(), protection).upsertMany([erika], now)
    const person = await createInsuredPersonStore(database(), protection).findByInsuranceNumber(erika.insuranceNumber)
    expect(person).toMatchObject({ familyName: 'Mustermann', coverageFrom: '1990-01-01', coverageTo: null })
    expect((await store().findWithPerson(account.id))?.person).toEqual(person)
    const rotated = createProtection(newestKey, oldKey)
    const younger = newAccount()
    await store(rotated).create(younger)
    expect((await store(rotated).findWithPerson(younger.id))?.person).toEqual(person)
    expect(await store().findWithPerson(randomUUID())).toBeNull()
  })

  it('gives back a registration as created, by id and by user name', async () => {
    const account = await create()
    const expected = {
      ...account,
      state: 'pending_activation',
      suspensionReason: null,
      insuranceNumberHash: insuranceNumberHash(protection.hash, account.insuranceNumber),
      insuranceNumberHashes: insuranceNumberHashes(protection.hash, account.insuranceNumber),
      activatedAt: null,
      codeLastDay: null,
      activeSince: null,
      securityQuestion: null,
      lastSignInAt: null,
      signInsFrom: 0,
      emailBounce: null,
      stateChangedAt: account.registeredAt,
      endReason: null,
    }
    expect(await store().find(account.id)).toEqual(expected)
    expect(await store().findSender(account.username, 'browser')).toMatchObject({ account: expected })
    expect(await store().find(randomUUID())).toBeNull()
  })

  it('keeps nothing personal in clear', async () => {
    await create()
    const row = JSON.stringify(await database()('accounts').first())
    for (const value of ['A123456780', 'erika@example.org', '15112345670']) expect(row).not.toContain(value)
  })

  it('refuses a user name that is taken and leaves its holder as it is', async () => {
    const holder = await create()
    expect(await store().usernameTaken(holder.username)).toBe(true)
    expect(await store().usernameTaken('free')).toBe(false)
    expect(await store().create(newAccount({ username: holder.username, email: 'other@example.org' }))).toBe(false)
    expect(await find(holder.id)).toMatchObject({ email: 'erika@example.org' })
  })

  it('goes from registration to active, each step once and in order', async () => {
    const { id } = await create()
    expect(await store().markLetterPosted(id, '2026-12-25', now)).toBe(false)
    expect(await store().makeActive(id, answer, now)).toBe(false)
    expect(await store().activateRegistration(id, now)).toBe(true)
    expect(await store().activateRegistration(id, later)).toBe(false)
    expect(await find(id)).toMatchObject({ state: 'awaiting_letter', activatedAt: now })
    expect(await store().makeActive(id, answer, now)).toBe(false)
    expect(await store().markLetterPosted(id, '2026-12-25', now)).toBe(true)
    expect(await store().markLetterPosted(id, '2026-12-27', now)).toBe(true)
    expect(await find(id)).toMatchObject({ state: 'letter_posted', codeLastDay: '2026-12-27' })
    expect(await store().makeActive(id, answer, later)).toBe(true)
    expect(await find(id)).toMatchObject({
      state: 'active',
      activeSince: later,
      lastSignInAt: later,
      securityQuestion: 'first_pet',
    })
    expect(await store().makeActive(id, answer, later)).toBe(false)
    expect(await store().markLetterPosted(id, '2026-12-28', now)).toBe(false)
  })

  it('lets only one account of a number be active', async () => {
    await active()
    const second = await posted()
    await expect(store().makeActive(second.id, answer, now)).rejects.toThrow(/accounts_one_active/)
    expect(await find(second.id)).toMatchObject({ state: 'letter_posted' })
  })

  it('finds the active account of a number, under an older key and while suspended, but not when it has ended', async () => {
    await posted()
    expect(await store().findActiveByNumber('A123456780')).toBeNull()
    const { id } = await active()
    expect(await store().findActiveByNumber('A123456780')).toMatchObject({ id })
    expect(await store(createProtection(newestKey, oldKey)).findActiveByNumber('A123456780')).toMatchObject({ id })
    await store().suspend(id, 'guardian', now)
    expect(await store().findActiveByNumber('A123456780')).toMatchObject({ id })
    expect(await store().findActiveByNumber('B204581379')).toBeNull()
    await store().resume(id, 'guardian', now)
    await store().end(id, now)
    expect(await store().findActiveByNumber('A123456780')).toBeNull()
  })

  it('goes back from a suspension to what it was, only for the same reason', async () => {
    const { id } = await posted()
    expect(await store().suspend(id, 'staff', now)).toBe(true)
    expect(await store().suspend(id, 'deceased', now)).toBe(false)
    expect(await find(id)).toMatchObject({ state: 'suspended', suspensionReason: 'staff' })
    expect(await store().resume(id, 'guardian', now)).toBe(false)
    expect(await store().resume(id, 'staff', now)).toBe(true)
    expect(await find(id)).toMatchObject({ state: 'letter_posted', suspensionReason: null })
    expect(await store().resume(id, 'staff', now)).toBe(false)
  })

  it('ends accounts that have been active, once', async () => {
    const { id } = await posted()
    expect(await store().end(id, now)).toBe(false)
    await store().makeActive(id, answer, now)
    expect(await store().end(id, now)).toBe(true)
    expect(await store().end(id, now)).toBe(false)
    expect(await store().suspend(id, 'deceased', now)).toBe(false)
  })

  it('opens an ended account again, unless another one of the number is active', async () => {
    const { id, insuranceNumber } = await active()
    expect(await store().reopen(id, insuranceNumber, now)).toBe(false)
    await store().end(id, now)
    const second = await active()
    expect(await store().reopen(id, insuranceNumber, now)).toBe(false)
    await store().end(second.id, now)
    expect(await store().reopen(id, insuranceNumber, now)).toBe(true)
    expect(await find(id)).toMatchObject({ state: 'active' })
  })

  it('replaces a password hash only while it is the one that was verified', async () => {
    const { id } = await create()
    await store().updatePasswordHash(id, 'another one', 'new')
    expect(await find(id)).toMatchObject({ passwordHash: 'hash of the password' })
    await store().updatePasswordHash(id, 'hash of the password', 'new')
    expect(await find(id)).toMatchObject({ passwordHash: 'new' })
  })

  it('deletes the other registrations of a number, never an account that was active', async () => {
    const ended = await active()
    await store().end(ended.id, now)
    const others = [await create(), await posted()]
    const stranger = await create({ insuranceNumber: 'B204581379' })
    const kept = await active()
    const deleted = await store().deleteOtherRegistrations(kept.id, kept.insuranceNumber)
    expect(deleted.sort()).toEqual(others.map(({ id }) => id).sort())
    const left = await database()('accounts').pluck('id')
    expect(left.sort()).toEqual([ended.id, stranger.id, kept.id].sort())
  })

  it('deletes what was not activated after its last day, not on it', async () => {
    const { id } = await create({ activationLastDay: '2026-12-22' })
    await create({ activationLastDay: '2026-12-23' })
    const activated = await create({ activationLastDay: '2026-12-01' })
    await store().activateRegistration(activated.id, now)
    expect(await store().deleteNotActivated('2026-12-22', 10)).toEqual([])
    expect(await store().deleteNotActivated('2026-12-23', 10)).toEqual([id])
    expect(await store().deleteNotActivated('2026-12-23', 10)).toEqual([])
  })

  it('deletes at most as many as asked for', async () => {
    for (let n = 0; n < 3; n++) await create()
    expect(await store().deleteNotActivated('2027-01-01', 2)).toHaveLength(2)
    expect(await store().deleteNotActivated('2027-01-01', 2)).toHaveLength(1)
  })

  it('deletes what was never signed in to, unless a letter is on its way', async () => {
    const due = await posted({}, '2026-12-25')
    await posted({}, '2026-12-26')
    await active()
    const waiting = await posted({}, '2026-12-25')
    await createLetterStore(database(), protection).request({
      id: randomUUID(),
      accountId: waiting.id,
      insuranceNumberHash: 'h',
      requestedAt: now,
      printableFrom: now,
    })
    expect(await store().deleteNeverSignedIn('2026-12-25', 10)).toEqual([])
    expect(await store().deleteNeverSignedIn('2026-12-26', 10)).toEqual([due.id])
  })

  it('claims each reminder once, from its day on and only while not activated', async () => {
    const account = await create({ registeredAt: new Date('2026-11-24T09:00:00Z') })
    const activated = await create()
    await store().activateRegistration(activated.id, now)
    expect(await store().claimActivationReminders(1, new Date('2026-11-24T09:00:00Z'), 10)).toEqual([])
    const claimed = await store().claimActivationReminders(1, new Date('2026-11-25T00:00:00Z'), 10)
    expect(claimed).toEqual([account.id])
    expect(await store().claimActivationReminders(1, new Date('2026-11-25T00:00:00Z'), 10)).toEqual([])
    expect(await store().claimActivationReminders(2, new Date('2026-11-25T00:00:00Z'), 10)).toHaveLength(1)
  })

  it('claims one reminder for a person who missed two', async () => {
    await create({ registeredAt: new Date('2026-11-01T09:00:00Z') })
    expect(await store().claimActivationReminders(2, new Date('2026-11-25T00:00:00Z'), 10)).toHaveLength(1)
    expect(await store().claimActivationReminders(1, new Date('2026-11-25T00:00:00Z'), 10)).toEqual([])
  })
})
