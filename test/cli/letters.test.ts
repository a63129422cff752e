import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { berlinDay } from '../../src/domain/calendar.ts'
import { formatLetterMark } from '../../src/domain/letters/letter-mark.ts'
import { createPrintRunService } from '../../src/services/letters/print-runs.ts'
import { erika } from '../support/members.ts'
import type { ServiceWorld } from '../support/services.ts'
import { createInstallation } from './installation.ts'

const today = berlinDay(new Date())
const by = ['--operator', 'k.weber']
const canary = {
  enabled: true,
  name: 'Poststelle Anmeldung',
  address: { street: 'Musterstraße 1', postalCode: '80000', city: 'München' },
  alertAfterDays: 6,
}

let service: Awaited<ReturnType<typeof createInstallation>>
let world: ServiceWorld
beforeAll(async () => {
  service = await createInstallation()
  await service.run(['db:migrate'])
  world = service.createWorld()
})
afterAll(() => service.close())
beforeEach(() => world.empty())

/** Erika's letter in the post, in a run with a canary letter. */
async function posted() {
  await world.importPersons(erika)
  await world.activated({ insuranceNumber: erika.insuranceNumber })
  const desk = world.createDesk()
  const runs = createPrintRunService({ ...desk, rules: { ...desk.rules, canary } })
  const runId = (await runs.prepare(today)) ?? ''
  await runs.release(runId)
  expect(await runs.post(runId)).toBe('posted')
  const [letter] = await service.knex('unlock_letters')
  const printed = world.shop.printed.flat().findLast(({ recipient }) => recipient.name === canary.name)
  return {
    runId,
    letterId: String(letter.id),
    canaryCode: printed?.kind === 'unlock_code' ? (printed.codes[0]?.code ?? '') : '',
  }
}

it('takes a letter that came back by the scan of its mark, once, and lists its address until it is cleared', async () => {
  const { letterId } = await posted()
  const mark = formatLetterMark({ letterId, sequence: 1, sheet: 1, sheets: 1 })
  const { exitCode, out } = await service.run(['letters:returned', mark, ...by])
  expect(exitCode).toBe(0)
  expect(out).toBe(
    `Letter ${letterId}: its code is stopped. No letter goes to this address any more. Have it cleared in the core system.\n`,
  )
  expect(await service.runJson(['letters:returned', letterId, ...by])).toMatchObject({
    ...{ exitCode: 1, result: 'already_returned' },
  })
  expect(await service.runJson(['letters:returned', '--list', ...by])).toMatchObject({
    exitCode: 0,
    letters: [
      { letterId, insuranceNumber: erika.insuranceNumber, postedOn: today, returnedBy: 'cli:k.weber (os:k.weber)' },
    ],
  })
  await world.importPersons({ ...erika, address: { ...erika.address, street: 'Lindenallee 1' } })
  expect(await service.runJson(['jobs:run', 'returned-mail'])).toMatchObject({ exitCode: 0, rows: 1 })
  expect((await service.run(['letters:returned', '--list', ...by])).out).toMatch(/^0 addresses/)
  const events = await service.knex('audit_events').whereLike('type', '%return%').orderBy('id')
  expect(events.map(({ type, actor }) => `${type} ${actor}`)).toEqual([
    'letter_returned cli:k.weber (os:k.weber)',
    'returned_letters_listed cli:k.weber (os:k.weber)',
    'returned_letters_listed cli:k.weber (os:k.weber)',
  ])
})

it('takes one by the first eight characters of its id, and none that is not there', async () => {
  const { letterId } = await posted()
  expect(await service.runJson(['letters:returned', letterId.slice(0, 8), ...by])).toMatchObject({
    ...{ exitCode: 0, result: 'blocked', letterId },
  })
  await world.empty()
  const gone = await service.run(['letters:returned', letterId, ...by])
  expect(gone).toMatchObject({ exitCode: 1, out: '', err: expect.stringMatching(/^There is no letter of this id/) })
})

it('takes the code of the canary letter that has arrived, and of no other', async () => {
  const { runId, canaryCode } = await posted()
  expect((await service.run(['letters:canary', '--list'])).out).toContain(`${runId}  posted ${today}  on its way`)
  const entered = await service.runJson(['letters:canary', canaryCode.toLowerCase(), ...by])
  expect(entered).toMatchObject({ exitCode: 0, result: 'entered', runId, days: 0 })
  expect((await service.run(['letters:canary', '--list'])).out).toContain('arrived')
  expect(await service.runJson(['letters:canary', canaryCode, ...by])).toMatchObject({ exitCode: 1, result: 'unknown' })
})

it.each([
  ['nobody says who he is', ['letters:returned', '--list'], /Say who you are/],
  ['no letter is given', ['letters:returned', ...by], /Give the letter id/],
  ['an id is too short', ['letters:returned', '0b8c5a3', ...by], /at least its first 8 characters/],
  ['a code has a typing error', ['letters:canary', 'AAAA-BBBB-CCCC', ...by], /typing error/],
])('refuses the usage when %s', async (_, args, expected) => {
  const { exitCode, err } = await service.run(args)
  expect(exitCode).toBe(2)
  expect(err).toMatch(expected)
})
