import { beforeEach, expect, it } from 'vitest'
import { createJourneyStore } from '../../../src/stores/sign-in/journeys.ts'
import { describeOnBoth, sixteenTimes } from '../../support/stores/databases.ts'
import { createProtection } from '../../support/stores/protection.ts'

const protection = createProtection()
const now = new Date('2026-11-25T09:00:00Z')
const expiresAt = new Date('2026-11-25T10:00:00Z')
const first = { step: 'credentials' }
const second = { step: 'contact', username: 'erika.mustermann' }

describeOnBoth('journeys', (database) => {
  const store = () => createJourneyStore(database(), protection)
  const begin = (id = 'j1', state: object = first) =>
    store().begin({ id, kind: 'registration', state, clientId: 'demo-portal', expiresAt })
  const load = () => store().load('j1', 'registration')

  beforeEach(async () => {
    await database()('journeys').delete()
  })

  it('give back where they stand, to their own kind only', async () => {
    await begin()
    expect(await load()).toEqual({
      id: 'j1',
      version: 0,
      state: first,
      clientId: 'demo-portal',
      expiresAt,
      endedAt: null,
    })
    expect(await store().load('j1', 'sign-in')).toBeNull()
    expect(await store().load('j2', 'registration')).toBeNull()
  })

  it('keep what was entered encrypted and bound to their id', async () => {
    await begin('j1', second)
    await begin('j2')
    expect(JSON.stringify(await database()('journeys'))).not.toContain('erika')
    const { state } = await database()('journeys').where({ id: 'j1' }).first()
    await database()('journeys').where({ id: 'j2' }).update({ state })
    await expect(store().load('j2', 'registration')).rejects.toThrow()
  })

  it('are loaded, or begun where there is none', async () => {
    const journey = { id: 'j1', kind: 'registration', state: first, clientId: 'demo-portal', expiresAt }
    expect(await store().loadOrBegin(journey)).toEqual({ ...journey, kind: undefined, version: 0, endedAt: null })
    await store().save('j1', 0, second)
    expect(await store().loadOrBegin(journey)).toMatchObject({ version: 1, state: second })
    await store().end('j1', now)
    expect(await store().loadOrBegin(journey)).toMatchObject({ state: null, endedAt: now })
    expect(await store().loadOrBegin({ ...journey, kind: 'sign-in' })).toBeNull()
  })

  it('stay where they are when they are begun again', async () => {
    expect(await begin()).toBe(true)
    await store().save('j1', 0, second)
    expect(await begin()).toBe(false)
    expect(await load()).toMatchObject({ version: 1, state: second })
  })

  it('move only from the version that was read', async () => {
    await begin()
    expect(await store().stands('j1', 0)).toBe(true)
    expect(await store().save('j1', 0, second)).toBe(true)
    expect(await store().save('j1', 0, first)).toBe(false)
    expect([await store().stands('j1', 0), await store().stands('j1', 1)]).toEqual([false, true])
    expect(await load()).toMatchObject({ version: 1, state: second })
  })

  it('forget what was entered when they end, remember the application, and move no more', async () => {
    await begin('j1', second)
    await store().end('j1', now)
    expect(await load()).toMatchObject({ state: null, endedAt: now, clientId: 'demo-portal' })
    expect(await store().save('j1', 0, second)).toBe(false)
    expect(await store().stands('j1', 0)).toBe(false)
    await store().end('j1', expiresAt)
    expect(await load()).toMatchObject({ endedAt: now })
  })

  it('are blanked when they have expired, and deleted later', async () => {
    await begin('j1', second)
    expect(await store().blankExpired(expiresAt)).toBe(0)
    expect(await store().blankExpired(new Date(expiresAt.getTime() + 1))).toBe(1)
    expect(await load()).toMatchObject({ state: null, clientId: 'demo-portal' })
    expect(await store().blankExpired(new Date(expiresAt.getTime() + 1))).toBe(0)
    expect(await store().deleteExpiredBefore(expiresAt)).toBe(0)
    expect(await store().deleteExpiredBefore(new Date(expiresAt.getTime() + 1))).toBe(1)
  })

  it('are begun once and moved once by 16 at once', async () => {
    await sixteenTimes((n) => begin('j1', { step: 'credentials', n }))
    expect(await database()('journeys')).toHaveLength(1)
    expect((await sixteenTimes(() => store().save('j1', 0, second))).filter(Boolean)).toHaveLength(1)
    expect(await load()).toMatchObject({ version: 1 })
  })
})
