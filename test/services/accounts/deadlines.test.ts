import { randomUUID } from 'node:crypto'
import { beforeEach, expect, it } from 'vitest'
import type { Account, NewAccount } from '../../../src/stores/accounts/accounts.ts'
import { erika, newAccount } from '../../support/members.ts'
import { createServiceWorld, type ServiceWorld } from '../../support/services.ts'
import { describeOnDatabase, sixteenTimes } from '../../support/stores/databases.ts'

const registered = '2026-11-24T22:30:00Z' // 23:30 in Berlin

describeOnDatabase('deadlines', (database) => {
  let world: ServiceWorld
  beforeEach(async () => {
    world = createServiceWorld(database(), registered)
    await world.empty()
    await world.importPersons(erika)
  })

  async function register(): Promise<string> {
    const account = newAccount({ registeredAt: world.clock.now(), activationLastDay: '2026-12-22' })
    await world.stores.accounts.create(account)
    return account.id
  }

  /** An account whose letter was posted on 24 November, usable to 24 December. */
  async function posted(changes: Partial<NewAccount> = {}): Promise<Account> {
    const account = await world.activated(changes)
    const runId = (await world.printRuns.prepare('2026-11-24')) ?? ''
    await world.printRuns.release(runId)
    expect(await world.printRuns.post(runId)).toBe('posted')
    await database()('messages').delete()
    return account
  }

  const templates = async () => (await world.mails()).map((mail) => mail.template)
  const at = async (instant: string) => {
    world.clock.set(instant)
    return await world.runTasks()
  }

  it('remind of the activation on day 7 and 21 of the calendar in Berlin, once each', async () => {
    await register()
    await at('2026-11-30T22:59:00Z')
    expect(await templates()).toEqual([])
    await at('2026-11-30T23:00:00Z')
    await at('2026-12-01T10:00:00Z')
    expect(await templates()).toEqual(['activationReminder'])
    await at('2026-12-14T22:59:00Z')
    expect(await templates()).toHaveLength(1)
    await at('2026-12-14T23:00:00Z')
    expect(await templates()).toHaveLength(2)
    expect(await world.events('activation_link_sent')).toEqual([{ reminder: 1 }, { reminder: 2 }])
  })

  it('send with each reminder a link that works to the same day', async () => {
    const id = await register()
    await at('2026-12-01T10:00:00Z')
    const [mail] = await world.mails()
    const token = String(mail?.params.link).split('/').at(-1) ?? ''
    expect(await world.stores.activationLinks.find(token)).toMatchObject({ accountId: id, lastDay: '2026-12-22' })
  })

  it('send no reminder that was missed after the last day', async () => {
    await register()
    await at('2026-12-23T10:00:00Z')
    expect(await templates()).toEqual([])
  })

  it('delete a registration after 28 days with all its personal data: on day 28 still there, on day 29 gone', async () => {
    const id = await register()
    await world.stores.browsers.makeKnown(id, 'browser', world.clock.now())
    await at('2026-12-22T22:59:00Z')
    expect(await world.stores.accounts.find(id)).not.toBeNull()
    await at('2026-12-22T23:00:00Z')
    expect(await world.stores.accounts.find(id)).toBeNull()
    expect(await database()('known_browsers')).toEqual([])
    expect(await world.events('registration_deleted')).toEqual([{ reason: 'not_activated' }])
    expect(await at('2026-12-22T23:00:00Z')).toMatchObject({ deleteNotActivated: 0 })
  })

  it('remind of the unlock code ten days before its end, once', async () => {
    await posted()
    await at('2026-12-13T22:59:00Z')
    expect(await templates()).toEqual([])
    await at('2026-12-13T23:00:00Z')
    await at('2026-12-14T10:00:00Z')
    expect(await world.mails()).toMatchObject([{ template: 'codeReminder', params: { lastDay: '2026-12-24' } }])
  })

  it('remind nobody who has signed in, or whose newer code lives longer', async () => {
    const [active, renewed] = [await posted(), await posted({ insuranceNumber: 'B204581379' })]
    await world.stores.accounts.makeActive(active.id, { question: 'q', answerHash: 'h' }, world.clock.now())
    await world.stores.accounts.markLetterPosted(renewed.id, '2027-01-10', world.clock.now())
    await at('2026-12-14T10:00:00Z')
    expect(await templates()).toEqual([])
  })

  it('delete who never signed in 90 days after the last code ended', async () => {
    const { id } = await posted()
    await at('2027-03-24T22:59:00Z')
    expect(await world.stores.accounts.find(id)).not.toBeNull()
    await at('2027-03-24T23:00:00Z')
    expect(await world.stores.accounts.find(id)).toBeNull()
    expect(await world.events('registration_deleted')).toEqual([{ reason: 'never_signed_in' }])
  })

  it('forget what was entered, sent and counted when its time is over', async () => {
    const now = world.clock.now()
    const later = new Date(now.getTime() + 60 * 60 * 1000)
    await world.stores.journeys.begin({ id: 'j', kind: 'registration', state: { step: 'contact' }, expiresAt: later })
    await world.stores.rateLimits.add('key', 1, now.getTime(), later.getTime(), false)
    const message = { id: randomUUID(), kind: 'sms' as const, payload: {}, expiresAt: later, createdAt: now }
    await world.stores.messages.add(message)
    await at('2026-11-24T23:31:00Z')
    expect(await database()('rate_limits')).toEqual([])
    expect(await world.stores.journeys.load('j', 'registration')).toMatchObject({ state: null })
    await at('2026-11-26T00:00:00Z')
    expect(await database()('journeys')).toEqual([])
    expect(await database()('messages')).toHaveLength(1)
    await at('2026-12-25T00:00:00Z')
    expect(await database()('messages')).toEqual([])
  })

  it('are kept once by 16 processes at once', async () => {
    for (let n = 0; n < 5; n++) await register()
    world.clock.set('2026-12-01T10:00:00Z')
    await sixteenTimes(() => world.tasks.remindOfActivation())
    expect(await templates()).toHaveLength(5)
    world.clock.set('2026-12-23T10:00:00Z')
    const deleted = await sixteenTimes(() => world.tasks.deleteNotActivated())
    expect(deleted.reduce((sum, count) => sum + count, 0)).toBe(5)
    expect(await world.events('registration_deleted')).toHaveLength(5)
  })

  it('go on after the first batch', async () => {
    for (let n = 0; n < 201; n++) await register()
    expect(await at('2026-12-23T10:00:00Z')).toMatchObject({ deleteNotActivated: 201 })
  })
})
