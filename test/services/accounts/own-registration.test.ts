import { beforeEach, expect, it } from 'vitest'
import { addDays, berlinDay } from '../../../src/domain/calendar.ts'
import { createReturnedMailService } from '../../../src/services/letters/returned-mail.ts'
import type { Account } from '../../../src/stores/accounts/accounts.ts'
import { erika, newAccount } from '../../support/members.ts'
import { createServiceWorld, type ServiceWorld } from '../../support/services.ts'
import { describeOnDatabase } from '../../support/stores/databases.ts'

/** The number that strangers register, too, and those that nobody else does. */
const crowded = erika.insuranceNumber
const lonely = 'B204581379'
const unknown = 'X999999995'
const days = 130

describeOnDatabase('a registration', (database) => {
  let world: ServiceWorld
  let strangers = 0
  beforeEach(async () => {
    world = createServiceWorld(database())
    await world.empty()
    await world.importPersons(erika, { ...erika, insuranceNumber: lonely })
  })

  const stranger = () => world.activated({ insuranceNumber: crowded, mobile: `+49151${20_000_000 + strangers++}` })
  async function runOfTheDay(): Promise<void> {
    const runId = await world.printRuns.prepare(berlinDay(world.clock.now()))
    if (!runId) return
    await world.printRuns.release(runId)
    expect(await world.printRuns.post(runId)).toBe('posted')
  }
  /** What a person and her mailbox see of a registration on a day. */
  async function visible(account: Account) {
    const now = world.clock.now()
    const found = await world.account(account.id)
    const waiting = await world.stores.letters.findWaiting(account.id)
    const usable = await world.stores.letters.findUsable(account.id, berlinDay(now))
    return {
      state: found && [found.state, found.codeLastDay, found.activationLastDay],
      allowed: found && (await world.letters.allowedAt(world.stores, found, now)),
      waiting: waiting && [waiting.state, waiting.printableFrom],
      usable: usable.map(({ postedOn, lastDay }) => [postedOn, lastDay]),
      mails: (await world.mails())
        .filter(({ to }) => to === account.email)
        .map(({ template, params }) => [template, withoutLink(params)]),
    }
  }
  const withoutLink = ({ link: _, ...params }: Record<string, unknown>) => params

  /** A registration of each number; one is left without activation. */
  async function register(): Promise<Account[]> {
    const numbers = [crowded, lonely, unknown]
    const activated: Account[] = []
    for (const [n, insuranceNumber] of numbers.entries())
      activated.push(
        await world.activated({ insuranceNumber, email: `own.${n}@example.org`, mobile: `+4915110000${n}00` }),
      )
    for (const [n, insuranceNumber] of numbers.entries()) {
      const registeredAt = world.clock.now()
      const activationLastDay = addDays(berlinDay(registeredAt), 28)
      const account = newAccount({ insuranceNumber, email: `late.${n}@example.org`, registeredAt, activationLastDay })
      await world.stores.accounts.create(account)
      activated.push(await world.account(account.id))
    }
    return activated
  }

  it('shows the same every day of its life, whoever else has its number, to its end', async () => {
    for (let day = 0; day < 5; day++) {
      await stranger()
      await runOfTheDay()
      world.clock.forward(24 * 60 * 60)
    }
    const own = await register()
    const seen = new Set<string>()
    const told = new Set<string>()
    for (let day = 0; day <= days; day++) {
      if (day % 3 === 0 && day < 60) await stranger()
      await runOfTheDay()
      await world.runTasks()
      if (day === 8) await comeBack()
      for (const account of own.slice(0, 3))
        if (day === 35)
          await world.transaction(
            async (unit) =>
              void (await world.letters.request(unit, account, 'unlock_code', { now: world.clock.now() })),
          )
      const [mine, alone, unmatched, ...late] = await Promise.all(own.map(visible))
      expect(mine, `day ${day}`).toEqual(alone)
      expect(unmatched, `day ${day}`).toEqual(alone)
      expect(late[0], `day ${day}`).toEqual(late[1])
      expect(late[2], `day ${day}`).toEqual(late[1])
      for (const [template, params] of mine?.mails ?? []) told.add(`${template} ${JSON.stringify(params)}`)
      for (const each of [mine, late[0]]) seen.add(each?.state?.[0] ?? 'gone')
      world.clock.forward(24 * 60 * 60)
    }
    // All of it was there to be compared.
    expect([...seen].sort()).toEqual(['gone', 'letter_posted', 'pending_activation'])
    expect([...told].map((mail) => mail.split(' ')[0])).toEqual([
      'letterPosted',
      'codeReminder',
      'letterPosted',
      'codeReminder',
    ])
  })

  /** The newest letter to the crowded number comes back: its address is blocked from then on. */
  async function comeBack(): Promise<void> {
    const id = world.shop.jobs.at(-1)?.envelopes.find(({ insuranceNumber }) => insuranceNumber === crowded)?.id ?? ''
    const service = createReturnedMailService(world.createDesk())
    expect(await service.take({ first: id, last: id }, 'cli:k.weber')).toMatchObject({ result: 'blocked' })
  }
})
