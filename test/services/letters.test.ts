import { beforeEach, expect, it } from 'vitest'
import { describeOnBoth, describeOnServer, sixteenTimes } from '../support/databases.ts'
import { erika } from '../support/members.ts'
import { createServiceWorld, type ServiceWorld } from '../support/services.ts'

describeOnBoth('letters', (database) => {
  let world: ServiceWorld
  beforeEach(async () => {
    world = createServiceWorld(database())
    await world.empty()
  })
  const allowed = async (account: Parameters<typeof world.letters.allowedAt>[1]) =>
    (await world.letters.allowedAt(world.stores, account, world.clock.now())).toISOString()

  it('are 24 hours apart and at most four in 30 days', async () => {
    const account = await world.activated()
    expect(await allowed(account)).toBe('2026-11-25T09:00:00.000Z')
    for (const day of ['25', '26', '27']) {
      world.clock.set(`2026-11-${day}T09:00:00Z`)
      expect(await allowed(account)).toBe(`2026-11-${day}T09:00:00.000Z`)
      const { letterDay } = await world.transaction((unit) => world.letters.request(unit, account, world.clock.now()))
      expect(letterDay).toBe(`2026-11-${day}`)
    }
    world.clock.set('2026-12-01T09:00:00Z')
    expect(await allowed(account)).toBe('2026-12-24T09:00:00.000Z')
  })

  it('count per number over all registrations, known to the register or not', async () => {
    await world.importPersons(erika)
    for (const insuranceNumber of [erika.insuranceNumber, 'X999999995']) {
      await world.activated({ insuranceNumber })
      const second = await world.activated({ insuranceNumber })
      const waiting = await world.stores.unlockLetters.findWaiting(second.id)
      expect(waiting?.printableFrom.toISOString()).toBe('2026-11-25T09:00:00.000Z')
    }
  })

  it('say in the audit log whether it is the first', async () => {
    const { id } = await world.activated()
    await world.stores.accounts.markLetterPosted(id, '2026-12-24', world.clock.now())
    const account = await world.account(id)
    await world.transaction((unit) => world.letters.request(unit, account, world.clock.now()))
    expect(await world.events('letter_requested')).toEqual([{ purpose: 'first' }, { purpose: 'again' }])
  })
})

describeOnServer('letters asked for 16 times at once', (database) => {
  it('keep their distance', async () => {
    const world = createServiceWorld(database())
    const account = await world.activated()
    await sixteenTimes(() => world.transaction((unit) => world.letters.request(unit, account, world.clock.now())))
    const times: Date[] = await database()('unlock_letters').orderBy('printable_from').pluck('printable_from')
    const gaps = times.slice(1).map((time, n) => time.getTime() - (times[n]?.getTime() ?? 0))
    expect(times).toHaveLength(17)
    expect(Math.min(...gaps)).toBe(24 * 60 * 60 * 1000)
  })
})
