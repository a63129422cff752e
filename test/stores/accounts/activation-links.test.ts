import { beforeEach, expect, it } from 'vitest'
import { createAccountStore } from '../../../src/stores/accounts/accounts.ts'
import { createActivationLinkStore } from '../../../src/stores/accounts/activation-links.ts'
import { newAccount } from '../../support/members.ts'
import { describeOnBoth, sixteenTimes } from '../../support/stores/databases.ts'
import { createProtection } from '../../support/stores/protection.ts'

const now = new Date('2026-11-25T09:00:00Z')
const token = 'x'.repeat(43)

describeOnBoth('activation links', (database) => {
  const store = () => createActivationLinkStore(database())

  async function issue(lastDay = '2026-12-22') {
    const account = newAccount()
    await createAccountStore(database(), createProtection()).create(account)
    await store().issue(token, account.id, lastDay)
    return account.id
  }

  beforeEach(async () => {
    await database()('activation_links').delete()
    await database()('accounts').delete()
  })

  it('gives back a link by its token, which is not stored', async () => {
    const accountId = await issue()
    expect(await store().find(token)).toEqual({ accountId, lastDay: '2026-12-22', usedAt: null })
    expect(await store().find('y'.repeat(43))).toBeNull()
    expect(JSON.stringify(await database()('activation_links'))).not.toContain(token)
  })

  it('outlives its registration', async () => {
    const id = await issue()
    await database()('accounts').where({ id }).delete()
    expect(await store().find(token)).toEqual({ accountId: null, lastDay: '2026-12-22', usedAt: null })
  })

  it('is used once', async () => {
    await issue()
    expect(await store().use('y'.repeat(43), now)).toBe(false)
    expect(await store().use(token, now)).toBe(true)
    expect(await store().use(token, new Date('2026-11-26T09:00:00Z'))).toBe(false)
    expect(await store().find(token)).toMatchObject({ usedAt: now })
  })

  it('is used once by 16 at once', async () => {
    await issue()
    expect((await sixteenTimes(() => store().use(token, now))).filter(Boolean)).toHaveLength(1)
  })

  it('is forgotten after the day given, not on it', async () => {
    await issue('2026-12-22')
    expect(await store().deleteEndedBefore('2026-12-22')).toBe(0)
    expect(await store().deleteEndedBefore('2026-12-23')).toBe(1)
    expect(await store().find(token)).toBeNull()
  })
})
