import { beforeEach, expect, it } from 'vitest'
import { createAccountStore } from '../../../src/stores/accounts/accounts.ts'
import { newAccount } from '../../support/members.ts'
import { describeOnServer, sixteenTimes } from '../../support/stores/databases.ts'
import { createProtection } from '../../support/stores/protection.ts'

const protection = createProtection()
const now = new Date('2026-11-25T09:00:00Z')
const answer = { question: 'first_pet', answerHash: 'hash of the answer' }
const won = (results: unknown[]) => results.filter((result) => result === true)

describeOnServer('accounts, 16 at once', (database) => {
  const store = () => createAccountStore(database(), protection)

  async function create(): Promise<string> {
    const account = newAccount()
    await store().create(account)
    return account.id
  }

  async function posted(): Promise<string> {
    const id = await create()
    await store().activateRegistration(id, now)
    await store().markLetterPosted(id, '2026-12-25', now)
    return id
  }

  beforeEach(async () => {
    await database()('accounts').delete()
  })

  it('are activated once', async () => {
    const id = await create()
    expect(won(await sixteenTimes(() => store().activateRegistration(id, now)))).toHaveLength(1)
  })

  it('become active once', async () => {
    const id = await posted()
    expect(won(await sixteenTimes(() => store().makeActive(id, answer, now)))).toHaveLength(1)
  })

  it('become active once per number', async () => {
    const ids: string[] = []
    for (let n = 0; n < 16; n++) ids.push(await posted())
    const results = await Promise.allSettled(ids.map((id) => store().makeActive(id, answer, now)))
    expect(results.filter((result) => result.status === 'fulfilled' && result.value)).toHaveLength(1)
    expect(results.filter((result) => result.status === 'rejected')).toHaveLength(15)
  })

  it('get a user name once', async () => {
    const username = 'wanted'
    expect(won(await sixteenTimes(() => store().create(newAccount({ username }))))).toHaveLength(1)
  })

  it('are deleted by one job each', async () => {
    for (let n = 0; n < 20; n++) await create()
    const deleted = (await sixteenTimes(() => store().deleteNotActivated('2027-01-01', 5))).flat()
    expect(new Set(deleted).size).toBe(deleted.length)
    expect(deleted.length).toBeGreaterThanOrEqual(5)
  })

  it('are reminded by one job each', async () => {
    for (let n = 0; n < 10; n++) await create()
    const claims = await sixteenTimes(() => store().claimActivationReminders(1, now, 10))
    expect(claims.flat()).toHaveLength(10)
  })
})
