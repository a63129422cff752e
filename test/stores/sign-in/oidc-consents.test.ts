import { randomUUID } from 'node:crypto'
import { expect, it } from 'vitest'
import { createConsentStore } from '../../../src/stores/sign-in/consents.ts'
import { describeOnBoth } from '../../support/stores/databases.ts'

const now = new Date('2026-11-24T09:00:00Z')
const later = new Date('2026-11-25T09:00:00Z')

describeOnBoth('consents', (database) => {
  const store = () => createConsentStore(database())
  const addAccount = async () => {
    const id = randomUUID()
    const text = Object.fromEntries(
      [
        'username',
        'password_hash',
        'insurance_number_hash',
        'insurance_number',
        'insurer_number',
        'identification',
      ].map((column) => [column, `${column} ${id}`]),
    )
    await database()('accounts').insert({
      ...text,
      id,
      email: 'x',
      mobile: 'x',
      language: 'de',
      terms_version: '1',
      state: 'active',
      registered_at: now,
      state_changed_at: now,
      activation_last_day: '2026-12-24',
    })
    return id
  }

  it('remembers what was agreed to, adds to it, and forgets it when revoked', async () => {
    const accountId = await addAccount()
    expect(await store().find(accountId, 'third')).toBeNull()
    await store().grant({ accountId, clientId: 'third', scopes: ['openid', 'email'], now })
    await store().grant({ accountId, clientId: 'third', scopes: ['openid', 'profile'], now: later })
    const scopes = ['email', 'openid', 'profile']
    expect(await store().find(accountId, 'third')).toEqual({
      accountId,
      clientId: 'third',
      scopes,
      grantedAt: now,
      changedAt: later,
    })
    await store().grant({ accountId, clientId: 'other', scopes: ['openid'], now: later })
    expect((await store().list(accountId)).map(({ clientId }) => clientId)).toEqual(['third', 'other'])
    expect(await store().revoke(accountId, 'third')).toBe(true)
    expect(await store().revoke(accountId, 'third')).toBe(false)
    expect(await store().find(accountId, 'third')).toBeNull()
  })

  it('loses nothing when two pages are agreed to at once', async () => {
    const accountId = await addAccount()
    const all = Array.from({ length: 16 }, (_, index) => `scope-${index}`)
    await Promise.all(all.map((scope) => store().grant({ accountId, clientId: 'third', scopes: [scope], now })))
    expect((await store().find(accountId, 'third'))?.scopes).toEqual([...all].sort())
  })

  it('goes with the account', async () => {
    const accountId = await addAccount()
    await store().grant({ accountId, clientId: 'third', scopes: ['openid'], now })
    await database()('accounts').where({ id: accountId }).delete()
    expect(await store().find(accountId, 'third')).toBeNull()
  })

  it('forgets what nobody relied on, and keeps what a sign-in did', async () => {
    const [used, forgotten] = [await addAccount(), await addAccount()]
    for (const accountId of [used, forgotten])
      await store().grant({ accountId, clientId: 'app', scopes: ['openid'], now })
    const nextYear = new Date('2027-11-24T09:00:00Z')
    expect((await store().use(used, 'app', nextYear))?.scopes).toEqual(['openid'])
    expect(await store().use(used, 'other', nextYear)).toBeNull()
    expect(await store().deleteUnusedSince(later)).toBeGreaterThan(0)
    expect(await store().find(forgotten, 'app')).toBeNull()
    expect(await store().find(used, 'app')).not.toBeNull()
  })
})
