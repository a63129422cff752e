import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { erika } from '../support/members.ts'
import type { ServiceWorld } from '../support/services.ts'
import { createInstallation } from './installation.ts'

const why = ['--operator', 'k.weber', '--reason', 'ruft an']
const actor = 'cli:k.weber (os:k.weber)'

let service: Awaited<ReturnType<typeof createInstallation>>
let world: ServiceWorld
beforeAll(async () => {
  service = await createInstallation()
  await service.run(['db:migrate'])
  world = service.createWorld()
})
afterAll(() => service.close())
beforeEach(async () => {
  await service.knex('approvals').delete()
  await world.empty()
  await world.importPersons(erika)
})

const active = () =>
  service.addActiveAccount(erika.insuranceNumber, { username: 'erika.m', email: 'erika@example.org' })
const events = async () =>
  (await service.knex('audit_events').orderBy('id')).map((row) => `${row.type} ${row.actor} ${row.data.reason}`)

it('shows where an account stands, found by number, user name or id, and nothing that the console masks', async () => {
  const id = await active()
  for (const member of ['A123456780', 'Erika.M', id]) {
    const { exitCode, out } = await service.run(['members:show', member, ...why])
    expect([exitCode, out.split('\n')[0]]).toEqual([0, expect.stringContaining(`Account ${id}: active since`)])
    const json = await service.runJson(['members:show', member, ...why])
    expect(json).toMatchObject({ exitCode: 0, member: { id, data: { email: 'e•••@example.org' } } })
    for (const text of [out, JSON.stringify(json)])
      for (const each of [...['A123456780', 'erika@example.org', '+4915112345670', 'Mustermann', 'Ahornweg'], '1964'])
        expect(text).not.toContain(each)
  }
  expect(await events()).toEqual(Array(6).fill(`member_looked_up ${actor} ruft an`))
})

it('asks who and why before anything is looked for', async () => {
  await active()
  expect((await service.run(['members:show', 'erika.m', '--operator', 'k.weber'])).exitCode).toBe(2)
  expect((await service.run(['members:show', 'erika.m', '--reason', 'ruft an'])).exitCode).toBe(2)
  expect(await service.run(['members:show', 'erik%', ...why])).toMatchObject({ exitCode: 2 })
  expect(await events()).toEqual([])
  expect(await service.runJson(['members:show', 'nobody.here', ...why])).toMatchObject({
    ...{ exitCode: 1, error: 'unknown' },
  })
  expect(await events()).toEqual([`member_not_found ${actor} ruft an`])
})

it('suspends and lifts, each once, and tells the member', async () => {
  const id = await active()
  expect(await service.runJson(['members:suspend', 'erika.m', ...why])).toMatchObject({ exitCode: 0, accountId: id })
  expect(await service.runJson(['members:suspend', 'erika.m', ...why])).toMatchObject({ exitCode: 1, error: 'state' })
  expect((await world.account(id)).state).toBe('suspended')
  expect((await service.run(['members:lift', id, ...why])).out).toContain('The member is told by e-mail.')
  expect((await world.account(id)).state).toBe('active')
  expect((await world.mails()).map(({ template }) => template)).toEqual(['suspendedByStaff', 'liftedByStaff'])
  expect((await events()).filter((each) => each.startsWith('help_given'))).toEqual(
    Array(2).fill(`help_given ${actor} ruft an`),
  )
})

it('sends a letter only to who can have one', async () => {
  await active()
  expect(await service.runJson(['members:letter', 'erika.m', ...why])).toMatchObject({ exitCode: 1, error: 'state' })
  const { id } = await world.activated({ username: 'josef.b', insuranceNumber: 'B204581379' })
  await service.knex('unlock_letters').update({ state: 'posted' })
  await world.stores.accounts.markLetterPosted(id, '2030-01-01', new Date())
  expect(await service.runJson(['members:letter', 'josef.b', ...why])).toMatchObject({ exitCode: 0, act: 'letter' })
  expect(await service.runJson(['members:letter', 'josef.b', ...why])).toMatchObject({
    ...{ exitCode: 1, error: 'letter_waits' },
  })
})

it('asks for the end of an account, and leaves it to a second person', async () => {
  const id = await active()
  expect(await service.runJson(['members:end', 'erika.m', ...why])).toMatchObject({ exitCode: 0, accountId: id })
  expect((await service.run(['members:end', 'erika.m', ...why])).exitCode).toBe(1)
  expect((await world.account(id)).state).toBe('active')
  const asked = await service.knex('approvals')
  expect(asked).toMatchObject([{ act: 'account.end', subject: id, asked_by: actor, decision: null }])
})

it('names the accounts of a number that several have, and none by itself', async () => {
  await active()
  const other = await world.activated({ username: 'stranger' })
  const { exitCode, members } = await service.runJson(['members:suspend', 'A123456780', ...why])
  expect([exitCode, members.length]).toEqual([1, 2])
  expect((await world.account(other.id)).state).toBe('awaiting_letter')
})
