import { beforeEach, expect, it } from 'vitest'
import { createRandom } from '../../../src/crypto/random.ts'
import { berlinDay } from '../../../src/domain/calendar.ts'
import { parseLetterId } from '../../../src/domain/letters/letter-id.ts'
import { type UnlockCode, unlockCodeBinding } from '../../../src/domain/secrets/unlock-code.ts'
import { createReturnedMailService } from '../../../src/services/letters/returned-mail.ts'
import { erika } from '../../support/members.ts'
import { createServiceWorld, type ServiceWorld } from '../../support/services.ts'
import { describeOnDatabase, describeOnServer, sixteenTimes } from '../../support/stores/databases.ts'
import { createProtection, newKey } from '../../support/stores/protection.ts'

const actor = 'cli:k.weber'
const moved = { ...erika, address: { ...erika.address, street: 'Lindenweg 3' } }

const serviceOf = (world: ServiceWorld, hash = world.protection.hash) =>
  createReturnedMailService({ ...world.createDesk(), hash, random: createRandom() })

/** Prints and posts what waits. */
async function postRun({ printRuns, clock }: ServiceWorld): Promise<void> {
  const runId = await printRuns.prepare(berlinDay(clock.now()))
  if (!runId) return
  await printRuns.release(runId)
  await printRuns.post(runId)
}

/** A registration whose letter is posted, with the letter's id and code. */
async function posted(world: ServiceWorld, changes: Parameters<ServiceWorld['activated']>[0] = {}) {
  const account = await world.activated(changes)
  const before = world.shop.printed.flat().length
  await postRun(world)
  const content = world.shop.printed.flat()[before]
  const [row] = await world.db('unlock_letters').where({ account_id: account.id }).orderBy('requested_at', 'desc')
  const code = content?.kind === 'unlock_code' ? content.codes[0]?.code.replaceAll('-', '') : ''
  return { account, id: row.id as string, code: code as UnlockCode }
}

const idOf = (given: string) => {
  const id = parseLetterId(given)
  if (!id) throw new Error('no id')
  return id
}

describeOnDatabase('returned mail', (database) => {
  let world: ServiceWorld
  let service: ReturnType<typeof createReturnedMailService>
  beforeEach(async () => {
    world = createServiceWorld(database())
    await world.empty()
    await world.importPersons(erika)
    service = serviceOf(world)
  })
  const letter = async (id: string) => await world.stores.letters.find(id)
  const later = (day: string) => world.clock.set(`${day}T09:00:00Z`)

  it('stops the code and changes nothing that the pages show', async () => {
    const { account, id, code } = await posted(world)
    const { hash } = world.protection
    const fits = async () => hash.matches(code, unlockCodeBinding(id), (await letter(id))?.codeHash ?? '')
    const pages = async () => ({
      usable: (await world.stores.letters.findUsable(account.id, '2026-11-25')).map(({ lastDay }) => lastDay),
      account: await world.account(account.id),
      mails: (await world.mails()).length,
    })
    const before = await pages()
    expect(await fits()).toBe(true)
    expect(await service.take(idOf(id.slice(0, 8).toUpperCase()), actor)).toEqual({
      ...{ result: 'blocked', letterId: id, told: false },
    })
    expect(await fits()).toBe(false)
    expect((await letter(id))?.codeHash).toMatch(/\./)
    expect(await world.stores.letters.consume(id, world.clock.now())).toBe(false)
    expect(await pages()).toEqual(before)
    expect(await world.events('letter_returned')).toEqual([{ letterId: id }])
    expect(world.alerts).toEqual([{ kind: 'letter_returned', detail: { letter: id } }])
    expect(await service.take(idOf(id), actor)).toEqual({ result: 'already_returned' })
  })

  it('is taken of posted letters only, and of one', async () => {
    const account = await world.activated()
    const [row] = await database()('unlock_letters').where({ account_id: account.id })
    expect(await service.take(idOf(row.id), actor)).toEqual({ result: 'not_posted' })
    expect(await service.take(idOf('00000000'), actor)).toEqual({ result: 'unknown' })
    const { id: unmatched } = await posted(world, { insuranceNumber: 'X999999995' })
    expect(await service.take(idOf(unmatched), actor)).toEqual({ result: 'not_posted' })
    const twin = `${row.id.slice(0, 9)}${unmatched.slice(9)}`
    await database()('unlock_letters').where({ id: unmatched }).update({ id: twin })
    expect(await service.take(idOf(row.id.slice(0, 8)), actor)).toEqual({ result: 'ambiguous' })
  })

  it('blocks the address: later registrations live like unknown ones, until an import brings another address', async () => {
    const { id } = await posted(world)
    await service.take(idOf(id), actor)
    later('2026-11-26')
    const next = await posted(world, { username: 'erika.neu' })
    const unknown = await posted(world, { username: 'niemand', insuranceNumber: 'X999999995' })
    expect(world.shop.printed.flat()).toHaveLength(1)
    const stateOf = async (accountId: string) => {
      const { state, codeLastDay } = await world.account(accountId)
      return { state, codeLastDay }
    }
    expect(await stateOf(next.account.id)).toEqual(await stateOf(unknown.account.id))
    expect((await letter(next.id))?.content).toBe('none')
    expect(await world.events('letters_withheld')).toEqual([{ count: 1 }])
    expect(await service.list(actor)).toMatchObject([{ letterId: id, insuranceNumber: erika.insuranceNumber }])

    await world.importPersons(moved)
    later('2026-11-28')
    const last = await posted(world, { username: 'erika.umgezogen' })
    expect((await letter(last.id))?.content).toBe('unlock_code')
    expect(await service.list(actor)).toEqual([])
    expect(await world.events('letter_address_cleared')).toEqual([{ letterId: id }])
    expect(await world.events('returned_letters_listed')).toEqual([{ count: 1 }, { count: 0 }])
  })

  it('blocks nothing when the register has had another address since the letter was printed', async () => {
    const { id } = await posted(world)
    await world.importPersons(moved)
    expect(await service.take(idOf(id), actor)).toMatchObject({ result: 'cleared' })
    expect([await service.list(actor), world.alerts]).toEqual([[], []])
  })

  it('tells an active member by e-mail, and nobody who was never signed in', async () => {
    const active = await world.activated({ username: 'erika.aktiv' })
    await world.makeActive(active.id)
    await database()('unlock_letters').delete()
    const { id } = await posted(world, { username: 'jemand', email: 'jemand@example.org' })
    const before = (await world.mails()).length
    expect(await service.take(idOf(id), actor)).toMatchObject({ result: 'blocked', told: true })
    const mails = (await world.mails()).slice(before)
    expect(mails).toMatchObject([
      { template: 'letterReturned', to: active.email, params: { postedOn: '2026-11-24', letter: id } },
    ])
  })

  it('is noticed at night when the address was mended, and its hashes follow the keys', async () => {
    const { id } = await posted(world)
    await service.take(idOf(id), actor)
    const [oldKey, fresh] = [newKey('test'), newKey('fresh')]
    expect(oldKey).toBeDefined()
    const stored = async () => (await database()('returned_letters').first()).address_hash
    const kid = (await stored()).split('.')[0]
    const rotated = createProtection(fresh)
    const both = {
      ...world.protection.hash,
      hash: rotated.hash.hash,
      matches: (value: string, purpose: string, hashed: string) =>
        world.protection.hash.matches(value, purpose, hashed) || rotated.hash.matches(value, purpose, hashed),
    }
    expect(await serviceOf(world, both).review()).toBe(0)
    expect((await stored()).split('.')[0]).not.toBe(kid)
    await world.importPersons(moved)
    expect(await serviceOf(world, both).review()).toBe(1)
    expect(await serviceOf(world, both).review()).toBe(0)
  })
})

describeOnServer('a letter that 16 people scan at once', (database) => {
  it('is taken once, and its member told once', async () => {
    const world = createServiceWorld(database())
    await world.importPersons(erika)
    const { account, id } = await posted(world)
    await world.makeActive(account.id)
    const outcomes = await sixteenTimes(() => serviceOf(world).take(idOf(id), actor))
    expect(outcomes.filter(({ result }) => result === 'blocked')).toHaveLength(1)
    expect((await world.mails()).filter(({ template }) => template === 'letterReturned')).toHaveLength(1)
    expect(await world.events('letter_returned')).toHaveLength(1)
    expect(world.alerts).toHaveLength(1)
  })

  it('cannot have its code used up while it is taken', async () => {
    const world = createServiceWorld(database())
    await world.empty()
    await world.importPersons(erika)
    const { id } = await posted(world)
    const [taken, used] = await Promise.all([
      serviceOf(world).take(idOf(id), actor),
      world.transaction((unit) => unit.letters.consume(id, world.clock.now())),
    ])
    expect(taken).toMatchObject({ result: 'blocked' })
    const row = await database()('unlock_letters').where({ id }).first()
    expect([row.state, row.code_hash === null]).toEqual(used ? ['ended', true] : ['posted', false])
  })
})
