import { beforeEach, expect, it } from 'vitest'
import { PartsFailed, type UnreadableRow } from '../../src/errors.ts'
import { createDataEnds } from '../../src/services/accounts/data-ends.ts'
import { createPrintRunService } from '../../src/services/letters/print-runs.ts'
import { createCoverageCheck } from '../../src/services/register/coverage-check.ts'
import { createRegisterFollower } from '../../src/services/register/member-import.ts'
import { defaultDeadlines } from '../support/deadlines.ts'
import { erika, newAccount } from '../support/members.ts'
import { createServiceWorld, type ServiceWorld } from '../support/services.ts'
import { describeOnDatabase } from '../support/stores/databases.ts'

// Incident: one row whose values had been moved kept every member behind it from her letter, her reminder and her end.
describeOnDatabase('a row that cannot be opened', (database) => {
  let world: ServiceWorld
  beforeEach(async () => {
    world = createServiceWorld(database(), '2026-11-24T09:00:00Z')
    await world.empty()
  })
  const numbers = ['A123456780', 'B204581379', 'C771029455']
  const people = numbers.map((insuranceNumber) => ({ ...erika, insuranceNumber }))

  /** Gives the second of three rows the value of the first: moved, so it opens for nobody. */
  async function spoil(ids: readonly string[], column = 'email'): Promise<string> {
    const [from, to] = [...ids].sort()
    const [value] = await database()('accounts').where({ id: from }).pluck(column)
    await database()('accounts')
      .where({ id: to })
      .update({ [column]: value })
    return to ?? ''
  }
  async function faultsOf(work: Promise<number>): Promise<{ rows: string[]; done: number }> {
    const fault = await work.then(
      (done) => expect.fail(`it did ${done} and did not tell`),
      (error) => error,
    )
    expect(fault).toBeInstanceOf(PartsFailed)
    return { rows: fault.errors.map((each: UnreadableRow) => each.row), done: fault.done }
  }
  async function registered(): Promise<string[]> {
    const accounts = numbers.map((insuranceNumber) =>
      newAccount({ insuranceNumber, registeredAt: world.clock.now(), activationLastDay: '2026-12-22' }),
    )
    for (const account of accounts) await world.stores.accounts.create(account)
    return accounts.map(({ id }) => id)
  }
  async function members(): Promise<string[]> {
    await world.importPersons(...people)
    const ids: string[] = []
    for (const insuranceNumber of numbers) ids.push((await world.activated({ insuranceNumber })).id)
    return ids
  }
  async function active(): Promise<string[]> {
    const ids = await members()
    for (const id of ids) await world.makeActive(id)
    return ids
  }

  it('holds up no reminder of the activation', async () => {
    const spoilt = await spoil(await registered())
    world.clock.set('2026-12-01T10:00:00Z')
    expect(await faultsOf(world.tasks.remindOfActivation())).toEqual({ rows: [spoilt], done: 3 })
    expect(await world.mails()).toHaveLength(2)
  })

  it('holds up no reminder of a code', async () => {
    const ids = await members()
    const runId = (await world.printRuns.prepare('2026-11-24')) ?? ''
    await world.printRuns.release(runId)
    await world.printRuns.post(runId)
    await database()('messages').delete()
    const spoilt = await spoil(ids)
    world.clock.set('2026-12-20T10:00:00Z')
    expect(await faultsOf(world.tasks.remindOfUnlockCode())).toEqual({ rows: [spoilt], done: 3 })
    expect(await world.mails()).toHaveLength(2)
  })

  it('holds up nobody whom the register has overtaken', async () => {
    const ids = await active()
    const spoilt = await spoil(ids)
    await world.importPersons(...people.map((person) => ({ ...person, deceasedOn: '2026-11-20' })))
    const check = createCoverageCheck({ ...world, deadlines: defaultDeadlines })
    expect(await faultsOf(check())).toEqual({ rows: [spoilt], done: 2 })
    expect(await world.events('account_suspended')).toHaveLength(2)
  })

  it('holds up no import of the register', async () => {
    const ids = await active()
    const spoilt = await spoil(ids)
    const rows: string[] = []
    const follow = createRegisterFollower(world.standing, ({ row }) => rows.push(row))
    await world.transaction(async (unit) => {
      const dead = people.map((person) => ({ ...person, deceasedOn: '2026-11-20' }))
      const { changedHashes } = await unit.insuredPersons.upsertMany(dead, world.clock.now())
      await follow(unit, changedHashes, world.clock.now())
    })
    expect(rows).toEqual([spoilt])
    expect(await world.events('account_suspended')).toHaveLength(2)
  })

  it('holds up no end of others', async () => {
    const ids = await active()
    for (const id of ids) await world.stores.accounts.suspend(id, 'deceased', world.clock.now())
    await world.importPersons(...people.map((person) => ({ ...person, deceasedOn: '2026-11-20' })))
    await database()('unlock_letters').delete()
    const spoilt = await spoil(ids)
    world.clock.set('2030-01-01T09:00:00Z')
    const ends = createDataEnds({ ...world, deadlines: defaultDeadlines })
    expect(await faultsOf(ends.deleteEndedAccounts())).toEqual({ rows: [spoilt], done: 2 })
    expect(await database()('accounts').pluck('id')).toEqual([spoilt])
  })

  it.each(['account', 'person'])(
    'holds up no letter of others: its own waits, and its run says so (%s)',
    async (kind) => {
      const ids = await members()
      let spoilt = ''
      if (kind === 'account') spoilt = await spoil(ids)
      else {
        const [from, to] = await database()('insured_persons').orderBy('insurance_number_hash')
        spoilt = to.insurance_number_hash
        await database()('insured_persons').where({ insurance_number_hash: spoilt }).update({ address: from.address })
      }
      const told: UnreadableRow[] = []
      const runs = createPrintRunService(world.createDesk({ reportUnreadable: (fault) => told.push(fault) }))
      const runId = (await runs.prepare('2026-11-24')) ?? ''
      expect(await runs.release(runId)).toBe('released')
      expect(await runs.post(runId)).toBe('posted')
      expect(world.shop.jobs.flatMap(({ letters }) => letters)).toHaveLength(2)
      expect(told.map(({ row }) => row)).toEqual([spoilt])
      const waiting = await database()('unlock_letters').where({ state: 'requested' })
      expect(waiting).toMatchObject([{ code: null, content: null, print_run_id: null }])
      expect(await world.mails()).toHaveLength(2)
    },
  )

  it('is told by the job that takes up a run, and by the one that tells its members', async () => {
    const ids = await members()
    world.shop.fault = 'pdf'
    await expect(world.printRuns.prepare('2026-11-24')).rejects.toThrow()
    world.shop.fault = null
    const spoilt = await spoil(ids)
    expect(await faultsOf(world.printRuns.jobs.resume())).toEqual({ rows: [spoilt], done: 1 })
    const [run] = await world.stores.printRuns.list(['prepared'])
    await world.printRuns.release(run?.id ?? '')
    await world.printRuns.post(run?.id ?? '')
    const held = await database()('accounts').where({ state: 'letter_posted' }).orderBy('id').pluck('id')
    expect(held).toHaveLength(2)
    const untold = await spoil(held)
    await database()('unlock_letters').where({ state: 'posted' }).update({ untold: true })
    await database()('messages').delete()
    expect(await faultsOf(world.printRuns.jobs.settle())).toEqual({ rows: [untold], done: 2 })
    expect(await world.mails()).toHaveLength(1)
  })

  it('does not keep the clean-up from what comes after it', async () => {
    const failing = async () => {
      throw new Error('planted')
    }
    const { journeys } = world.stores
    const stores = { ...world.stores, journeys: { ...journeys, blankExpired: failing } } as typeof world.stores
    const { createDeadlineTasks } = await import('../../src/services/accounts/deadlines.ts')
    const tasks = createDeadlineTasks({ ...world, stores, deadlines: defaultDeadlines, mails: undefined as never })
    await database()('messages').insert({
      id: '5f2f7d54-6e0f-4f63-9a35-7d7c0c3c0a11',
      kind: 'email',
      payload: null,
      created_at: '2026-01-01T00:00:00Z',
      delivered_at: '2026-01-01T00:00:00Z',
    })
    const fault = await tasks.forgetEnded().catch((error) => error)
    expect(fault).toBeInstanceOf(PartsFailed)
    expect(fault.errors.map((each: Error) => each.message)).toEqual(['planted'])
    expect(await database()('messages').count('* as n').first()).toEqual({ n: '0' })
  })
})
