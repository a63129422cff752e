import { beforeEach, expect, it } from 'vitest'
import { berlinDay } from '../../../src/domain/calendar.ts'
import { erika } from '../../support/members.ts'
import { createServiceWorld, type ServiceWorld } from '../../support/services.ts'
import { describeOnDatabase, describeOnServer, sixteenTimes } from '../../support/stores/databases.ts'

describeOnDatabase('letters', (database) => {
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
      const { letterDay } = await world.transaction((unit) =>
        world.letters.request(unit, account, 'unlock_code', { now: world.clock.now() }),
      )
      expect(letterDay).toBe(`2026-11-${day}`)
      await print()
    }
    world.clock.set('2026-12-01T09:00:00Z')
    expect(await allowed(account)).toBe('2026-12-24T09:00:00.000Z')
  })

  it('count for their own registration only: what others do with the number shows in no date', async () => {
    const member = await world.activated()
    for (let n = 0; n < 4; n++) {
      await world.activated()
      await print()
      world.clock.forward(24 * 60 * 60)
    }
    const alone = await world.activated({ insuranceNumber: 'X999999995' })
    for (const account of [await world.activated(), alone]) {
      expect(await allowed(account)).toBe(world.clock.now().toISOString())
      const waiting = await world.stores.letters.findWaiting(account.id)
      expect(waiting?.printableFrom).toEqual(world.clock.now())
    }
    // Printed once, on the first day.
    expect(await world.stores.letters.printTimes(member.id, new Date(0))).toHaveLength(1)
    expect(await allowed(member)).toBe(world.clock.now().toISOString())
  })

  it('say in the audit log whether it is the first', async () => {
    const { id } = await world.activated()
    await world.stores.accounts.markLetterPosted(id, '2026-12-24', world.clock.now())
    const account = await world.account(id)
    await world.transaction((unit) => world.letters.request(unit, account, 'unlock_code', { now: world.clock.now() }))
    expect(await world.events('letter_requested')).toEqual([{ purpose: 'first' }, { purpose: 'again' }])
  })
})

describeOnServer('letters of one registration in 16 runs at once', (database) => {
  it('enter one run only, with one code', async () => {
    const world = createServiceWorld(database())
    await world.importPersons(erika)
    const account = await world.activated()
    await sixteenTimes(() =>
      world.transaction((unit) => world.letters.request(unit, account, 'unlock_code', { now: world.clock.now() })),
    )
    await sixteenTimes(() => world.printRuns.prepare(berlinDay(world.clock.now())))
    const rows = await database()('unlock_letters')
    expect(rows).toHaveLength(17)
    expect(new Set(rows.map((row) => row.print_run_id)).size).toBe(1)
    expect(rows.filter((row) => row.content === 'unlock_code')).toHaveLength(1)
    expect(await database()('print_runs').where({ state: 'prepared' })).toHaveLength(1)
  })
})
