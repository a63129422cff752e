import { beforeEach, expect, it } from 'vitest'
import { berlinDay } from '../../../src/domain/calendar.ts'
import { createReturnedMailService } from '../../../src/services/letters/returned-mail.ts'
import type { Account } from '../../../src/stores/accounts/accounts.ts'
import { erika } from '../../support/members.ts'
import { createServiceWorld, type ServiceWorld } from '../../support/services.ts'
import { describeOnDatabase } from '../../support/stores/databases.ts'

/** Coverage that is over for more than three months. */
const left = { ...erika, coverageTo: '2026-07-31' }

describeOnDatabase('letters without a code', (database) => {
  let world: ServiceWorld
  let account: Account
  beforeEach(async () => {
    world = createServiceWorld(database())
    await world.empty()
    await world.importPersons(erika)
    account = await world.activated()
    await database()('unlock_letters').delete()
    account = await world.makeActive(account.id)
  })
  const notice = () =>
    world.transaction((unit) =>
      world.letters.request(unit, account, 'mobile_replaced', { now: world.clock.now(), actor: 'member' }),
    )
  const end = async () => {
    return (await world.transaction((unit) => world.standing.follow(unit, account, world.clock.now()))).change
  }
  async function post(): Promise<void> {
    const runId = (await world.printRuns.prepare(berlinDay(world.clock.now()))) ?? ''
    await world.printRuns.release(runId)
    await world.printRuns.post(runId)
  }
  const printed = () => world.shop.printed.flat()

  it('say that the mobile number was replaced, and when', async () => {
    await notice()
    world.clock.set('2026-11-25T09:00:00Z')
    await post()
    expect(printed()).toMatchObject([
      { kind: 'mobile_replaced', happenedOn: '2026-11-24', maskedMobile: expect.stringContaining('•') },
    ])
    expect(JSON.stringify(printed())).not.toContain('"code"')
    expect((await world.account(account.id)).state).toBe('active')
    expect(await world.mails()).toEqual([])
    expect(await world.events('letter_posted')).toMatchObject([{ purpose: 'mobile_replaced' }])
  })

  it('are reprinted as what they were, with the day on which it happened', async () => {
    await notice()
    world.clock.set('2026-11-25T09:00:00Z')
    await post()
    const [{ id }] = await database()('unlock_letters')
    world.clock.set('2026-11-27T09:00:00Z')
    await world.transaction((unit) => world.letters.reprint(unit, id, { actor: 'cli:k.weber', now: world.clock.now() }))
    await post()
    const letter = { kind: 'mobile_replaced', happenedOn: '2026-11-24' }
    expect(printed()).toMatchObject([letter, letter])
  })

  it('say that the account has ended, when the rule of the register ends it', async () => {
    await world.importPersons(left)
    expect(await end()).toBe('end')
    await post()
    expect(printed()).toMatchObject([{ kind: 'account_ended', happenedOn: '2026-11-24' }])
    expect(await world.events('letter_requested')).toMatchObject([{ purpose: 'first' }, { purpose: 'account_ended' }])
    expect((await world.account(account.id)).state).toBe('ended')
  })

  it('go neither to the dead, nor to who is out of the register, nor about an end that is undone', async () => {
    await world.importPersons({ ...erika, deceasedOn: '2026-11-01' })
    expect(await end()).toBe('suspend')
    expect(await database()('unlock_letters')).toEqual([])

    await world.importPersons(left)
    account = await world.account(account.id)
    await database()('accounts').where({ id: account.id }).update({ state: 'active', suspension_reason: null })
    account = await world.account(account.id)
    expect(await end()).toBe('end')
    await world.importPersons({ ...left, deceasedOn: '2026-11-23' })
    await post()
    expect(printed()).toEqual([])
  })

  it('go with the next run, whatever else went to the number: a stranger cannot keep them away', async () => {
    for (const day of ['24', '25', '26', '27', '30']) {
      world.clock.set(`2026-11-${day}T09:00:00Z`)
      await world.activated()
      await post()
    }
    world.clock.set('2026-11-30T15:00:00Z')
    await notice()
    await world.activated()
    await world.printRuns.prepare('2026-12-01')
    expect(printed().slice(5)).toMatchObject([{ kind: 'account_exists' }, { kind: 'mobile_replaced' }])
    expect(new Set(printed().map(({ id }) => id)).size).toBe(6)
  })

  it('wait while mail comes back from the address, and go when it is mended', async () => {
    await notice()
    await post()
    const [{ id }] = await database()('unlock_letters')
    const returned = createReturnedMailService(world.createDesk())
    expect(await returned.take({ first: id, last: id }, 'cli:k.weber')).toMatchObject({ result: 'blocked', told: true })
    world.clock.set('2026-11-26T09:00:00Z')
    await notice()
    await world.printRuns.prepare('2026-11-26')
    expect(printed()).toHaveLength(1)
    await world.importPersons({ ...erika, address: { ...erika.address, street: 'Lindenweg 3' } })
    world.clock.set('2026-11-27T09:30:00Z')
    await post()
    expect(printed()).toHaveLength(2)
  })
})
