import { beforeEach, expect, it } from 'vitest'
import { berlinDay } from '../../src/domain/calendar.ts'
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

  const print = () => world.printRuns.prepare(berlinDay(world.clock.now()))

  it('are 24 hours apart and at most four in 30 days', async () => {
    const account = await world.activated()
    await print()
    expect(await allowed(account)).toBe('2026-11-25T09:00:00.000Z')
    for (const day of ['25', '26', '27']) {
      world.clock.set(`2026-11-${day}T09:00:00Z`)
      expect(await allowed(account)).toBe(`2026-11-${day}T09:00:00.000Z`)
      const { letterDay } = await world.transaction((unit) => world.letters.request(unit, account, world.clock.now()))
      expect(letterDay).toBe(`2026-11-${day}`)
      await print()
    }
    world.clock.set('2026-12-01T09:00:00Z')
    expect(await allowed(account)).toBe('2026-12-24T09:00:00.000Z')
  })

  it('of one number go one at a time, the newest registration first, known to the register or not', async () => {
    await world.importPersons(erika)
    for (const insuranceNumber of [erika.insuranceNumber, 'X999999995']) {
      world.clock.set('2026-11-24T09:00:00Z')
      const first = await world.activated({ insuranceNumber })
      world.clock.set('2026-11-24T10:00:00Z')
      const second = await world.activated({ insuranceNumber })
      await print()
      expect(await world.stores.unlockLetters.findWaiting(second.id)).toMatchObject({ state: 'prepared' })
      const waiting = await world.stores.unlockLetters.findWaiting(first.id)
      expect(waiting).toMatchObject({ state: 'requested', printableFrom: new Date('2026-11-25T10:00:00Z') })
      world.clock.set('2026-11-25T10:00:00Z')
      await print()
      expect(await world.stores.unlockLetters.findWaiting(first.id)).toMatchObject({ state: 'prepared' })
    }
  })

  it('that only wait push nobody away: a stranger’s registrations cannot postpone a member’s letter', async () => {
    for (let n = 0; n < 10; n++) await world.activated()
    const member = await world.activated()
    const waiting = await world.stores.unlockLetters.findWaiting(member.id)
    expect(waiting?.printableFrom).toEqual(world.clock.now())
  })

  it('say in the audit log whether it is the first', async () => {
    const { id } = await world.activated()
    await world.stores.accounts.markLetterPosted(id, '2026-12-24', world.clock.now())
    const account = await world.account(id)
    await world.transaction((unit) => world.letters.request(unit, account, world.clock.now()))
    expect(await world.events('letter_requested')).toEqual([{ purpose: 'first' }, { purpose: 'again' }])
  })
})

describeOnServer('letters of one number in 16 runs at once', (database) => {
  it('enter one run only', async () => {
    const world = createServiceWorld(database())
    const account = await world.activated()
    await sixteenTimes(() => world.transaction((unit) => world.letters.request(unit, account, world.clock.now())))
    await sixteenTimes(() => world.printRuns.prepare(berlinDay(world.clock.now())))
    expect(await database()('unlock_letters')).toHaveLength(17)
    expect(await database()('unlock_letters').whereNotNull('printed_at')).toHaveLength(1)
  })
})
