import { beforeEach, expect, it } from 'vitest'
import { createAccountStore } from '../../../src/stores/accounts/accounts.ts'
import { createBrowserStore } from '../../../src/stores/sign-in/known-browsers.ts'
import { newAccount } from '../../support/members.ts'
import { describeOnBoth, sixteenTimes } from '../../support/stores/databases.ts'
import { createProtection } from '../../support/stores/protection.ts'

const now = new Date('2026-11-25T09:00:00Z')
const expiresAt = new Date('2026-11-25T10:00:00Z')
const token = 'x'.repeat(43)

describeOnBoth('known browsers', (database) => {
  const store = () => createBrowserStore(database())

  async function account() {
    const created = newAccount()
    await createAccountStore(database(), createProtection()).create(created)
    return created.id
  }

  beforeEach(async () => {
    await database()('accounts').delete()
  })

  it('are known to their own account only', async () => {
    const [own, other] = [await account(), await account()]
    await store().makeKnown(own, 'browser', now)
    await store().makeKnown(own, 'browser', now)
    expect(await store().isKnown(own, 'browser')).toBe(true)
    expect(await store().isKnown(own, 'another')).toBe(false)
    expect(await store().isKnown(other, 'browser')).toBe(false)
    expect(JSON.stringify(await database()('known_browsers'))).not.toContain('"browser"')
  })

  it('go with the account, and their links too', async () => {
    const id = await account()
    await store().makeKnown(id, 'browser', now)
    await store().issueLink(token, id, expiresAt)
    await database()('accounts').delete()
    expect(await database()('known_browsers')).toEqual([])
    expect(await store().useLink(token, now)).toBeNull()
  })

  it('are made known by a link that works once', async () => {
    const id = await account()
    await store().issueLink(token, id, expiresAt)
    expect(await store().isLinkUsable('y'.repeat(43), now)).toBe(false)
    expect(await store().isLinkUsable(token, now)).toBe(true)
    expect(await store().useLink('y'.repeat(43), now)).toBeNull()
    expect(await store().useLink(token, now)).toBe(id)
    expect(await store().isLinkUsable(token, now)).toBe(false)
    expect(await store().useLink(token, now)).toBeNull()
  })

  it('are not made known by a link that has expired', async () => {
    await store().issueLink(token, await account(), expiresAt)
    expect(await store().isLinkUsable(token, expiresAt)).toBe(false)
    expect(await store().useLink(token, expiresAt)).toBeNull()
    expect(await store().deleteExpiredLinks(expiresAt)).toBe(0)
    expect(await store().deleteExpiredLinks(new Date(expiresAt.getTime() + 1))).toBe(1)
  })

  it('lose no count: a link is used by one of 16 at once', async () => {
    const id = await account()
    await store().issueLink(token, id, expiresAt)
    expect((await sixteenTimes(() => store().useLink(token, now))).filter(Boolean)).toEqual([id])
  })

  it('may be made known 16 times at once', async () => {
    const id = await account()
    await sixteenTimes(() => store().makeKnown(id, 'browser', now))
    expect(await database()('known_browsers')).toHaveLength(1)
  })

  it('are forgotten when nobody signs in with them, and live with every sign-in', async () => {
    const id = await account()
    await store().makeKnown(id, 'used', now)
    await store().makeKnown(id, 'forgotten', now)
    const later = new Date('2027-12-01T09:00:00Z')
    expect(await store().makeKnown(id, 'used', later)).toBe(false)
    expect(await store().deleteUnusedSince(now)).toBe(0)
    expect(await store().deleteUnusedSince(new Date('2026-11-26T09:00:00Z'))).toBe(1)
    expect([await store().isKnown(id, 'used'), await store().isKnown(id, 'forgotten')]).toEqual([true, false])
    expect(await store().deleteUnusedSince(later)).toBe(0)
  })
})
