import { beforeEach, expect, it } from 'vitest'
import type { InsuredPerson } from '../../../src/domain/register/eligibility.ts'
import { createCoverageCheck } from '../../../src/services/register/coverage-check.ts'
import { createRegisterFollower } from '../../../src/services/register/member-import.ts'
import { defaultDeadlines } from '../../support/deadlines.ts'
import { erika } from '../../support/members.ts'
import { createServiceWorld, type ServiceWorld } from '../../support/services.ts'
import { holdLock } from '../../support/stores/database.ts'
import { describeOnDatabase, describeOnServer, sixteenTimes, urlOf } from '../../support/stores/databases.ts'

describeOnDatabase('the nightly look at the register', (database) => {
  let world: ServiceWorld
  beforeEach(async () => {
    world = createServiceWorld(database(), '2027-02-28T23:30:00Z') // 1 March in Berlin
    await world.empty()
  })
  const numbers = ['A123456780', 'B204581379', 'C771029455', 'D000000013', 'E000000012']

  /** An active account whose person the register knows with these changes. */
  async function member(index: number, changes: Partial<InsuredPerson> = {}): Promise<string> {
    const insuranceNumber = numbers[index] ?? ''
    await world.importPersons({ ...erika, insuranceNumber, ...changes })
    const { id } = await world.activated({ insuranceNumber, username: `mitglied.${index}` })
    await world.makeActive(id)
    return id
  }
  const check = (pageSize?: number) =>
    createCoverageCheck({ ...world, deadlines: defaultDeadlines, ...(pageSize && { pageSize }) })
  const stateOf = async (id: string) => (await world.account(id)).state

  it('ends and suspends who is overtaken by it, over several pages, and leaves the others alone', async () => {
    const ids = [
      await member(0),
      await member(1, { coverageTo: '2026-11-30' }),
      await member(2, { coverageTo: '2026-11-20' }),
      await member(3, { deceasedOn: '2027-01-01' }),
      await member(4, { guardianConsentRequired: true }),
    ]
    const changed = await check(2)()
    expect(await Promise.all(ids.map(stateOf))).toEqual(['active', 'ended', 'ended', 'suspended', 'suspended'])
    expect(changed).toBe(4)
    expect(await check(2)()).toBe(0)
    expect(await world.events('account_ended')).toHaveLength(2)
  })

  it('ends an account three months after the coverage, by the calendar of Berlin', async () => {
    const id = await member(0, { coverageTo: '2026-11-30' })
    world.clock.set('2027-02-28T22:59:00Z')
    expect(await check()()).toBe(0)
    world.clock.set('2027-02-28T23:00:00Z')
    expect(await check()()).toBe(1)
    expect(await stateOf(id)).toBe('ended')
  })

  it('writes once when sixteen processes look at once', async () => {
    await member(0, { deceasedOn: '2027-01-01' })
    await sixteenTimes(() => check()())
    expect(await world.events('account_suspended')).toHaveLength(1)
  })
})

describeOnServer('the nightly look at the register, beside an import', (database) => {
  it('does not end the account of a person who is covered again', async () => {
    const world = createServiceWorld(database(), '2027-02-28T23:30:00Z')
    await world.empty()
    const over = { ...erika, coverageTo: '2026-11-20' }
    await world.importPersons(over)
    const { id } = await world.activated()
    await database()('unlock_letters').delete()
    await world.makeActive(id)

    const holder = await holdLock(await urlOf(database()), 'lock table accounts in exclusive mode')
    const checked = createCoverageCheck({ ...world, deadlines: defaultDeadlines })()
    await holder.awaitWaiting(1)
    // It has decided, and is about to write.
    const imported = world.transaction(async (unit) => {
      const now = world.clock.now()
      const { changedHashes } = await unit.insuredPersons.upsertMany([{ ...over, coverageTo: null }], now)
      await createRegisterFollower(world.standing, () => {})(unit, changedHashes, now)
    })
    await Promise.race([imported, holder.awaitWaiting(2)])
    await holder.release()
    await Promise.all([checked, imported])
    expect((await world.account(id)).state).toBe('active')
  })
})
