import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { addDays, berlinDay } from '../../src/domain/calendar.ts'
import { formatLetterMark } from '../../src/domain/letters/letter-mark.ts'
import { erika } from '../support/members.ts'
import type { ServiceWorld } from '../support/services.ts'
import { createInstallation } from './installation.ts'

const today = berlinDay(new Date())
const by = (name: string) => ['--operator', name]

let service: Awaited<ReturnType<typeof createInstallation>>
let world: ServiceWorld
beforeAll(async () => {
  service = await createInstallation()
  await service.run(['db:migrate'])
  world = service.createWorld()
  await world.importPersons(erika)
})
afterAll(() => service.close())

/** A letter that waits, in a run for today that k.weber has prepared. */
async function prepared(): Promise<string> {
  await service.knex('unlock_letters').delete()
  await service.knex('accounts').delete()
  await world.activated({ insuranceNumber: erika.insuranceNumber })
  const { exitCode, runId } = await service.runJson(['print-runs:prepare', '--posting-day', today, ...by('K.Weber')])
  expect(exitCode).toBe(0)
  return runId
}

const move = (name: string, runId: string, who: string, ...more: string[]) =>
  service.runJson([`print-runs:${name}`, runId, ...by(who), ...more])

it('takes a run from the waiting letter to the post, by two persons', async () => {
  expect(await service.runJson(['print-runs:prepare', ...by('k.weber')])).toMatchObject({ exitCode: 0, runId: null })
  const runId = await prepared()
  const listed = await service.runJson(['print-runs:list'])
  expect(listed).toMatchObject({ waiting: 0, runs: [{ id: runId, state: 'prepared', letters: 1, sheets: 1 }] })
  expect(listed.runs[0]).toMatchObject({ postingDay: today, preparedBy: 'cli:k.weber (os:k.weber)', handedOver: false })
  expect(await move('release', runId, 'k.weber')).toMatchObject({
    exitCode: 1,
    result: expect.stringMatching(/you have prepared it/),
  })
  expect(await move('release', runId, 'K.WEBER')).toMatchObject({ exitCode: 1 })
  expect(await move('post', runId, 'boss')).toMatchObject({
    exitCode: 1,
    result: expect.stringMatching(/^it is not released/),
  })
  expect(await move('release', runId, 'boss')).toMatchObject({ exitCode: 0, result: 'released' })
  expect((await service.run(['print-runs:list'])).out).toMatch(
    new RegExp(`^${runId} {2}released {2}posting day ${today} {2}1 letters {2}1 sheets .*with the print shop`),
  )
  expect(await move('post', runId, 'boss')).toMatchObject({ exitCode: 0, result: 'posted' })
  expect(await move('post', runId, 'boss')).toMatchObject({ exitCode: 1 })
  expect(await move('cancel', runId, 'boss')).toMatchObject({
    exitCode: 1,
    result: expect.stringMatching(/posted or cancelled already/),
  })
  const [letter] = await service.knex('unlock_letters')
  expect(letter).toMatchObject({ state: 'posted', code: null })
  const audit = await service.knex('audit_events').whereLike('type', 'print_run_%').orderBy('id')
  expect(audit.map(({ type, actor }) => `${type} ${actor}`)).toEqual([
    'print_run_closed cli:k.weber (os:k.weber)',
    'print_run_prepared cli:k.weber (os:k.weber)',
    'print_run_released cli:boss (os:boss)',
    'print_run_posted cli:boss (os:boss)',
  ])
})

it('is not released by another name with the same account of the operating system', async () => {
  const runId = await prepared()
  const asNode = { osAccount: () => 'k.weber' }
  const refused = await service.runJson(['print-runs:release', runId, ...by('boss')], asNode)
  expect(refused).toMatchObject({
    exitCode: 1,
    result: expect.stringMatching(/with the account or token that you use/),
  })
  expect(await service.knex('print_runs').where({ id: runId }).first()).toMatchObject({ state: 'prepared' })
  expect(await move('cancel', runId, 'boss')).toMatchObject({ exitCode: 0 })
})

describe('where all share one account of the operating system', () => {
  const config = mkdtempSync(join(tmpdir(), 'aok-config-'))
  afterAll(() => rmSync(config, { recursive: true, force: true }))
  const asNode = (token?: string) => ({
    osAccount: () => 'node',
    variables: { DATA_DIR: service.dataDir, CONFIG_DIR: config, OPERATOR_TOKEN: token },
  })

  it('a token of each operator tells them apart, and without one nobody moves anything', async () => {
    cpSync(fileURLToPath(new URL('../../config', import.meta.url)), config, { recursive: true })
    const [weber, boss] = await Promise.all(
      ['k.weber', 'boss'].map((name) => service.runJson(['operators:token', name])),
    )
    const file = join(config, 'insurer.yaml')
    const { operators, ...insurer } = parse(readFileSync(file, 'utf8'))
    const tokens = { 'k.weber': weber?.hash, boss: boss?.hash }
    writeFileSync(file, stringify({ ...insurer, operators: { ...operators, tokens } }))
    await service.knex('unlock_letters').delete()
    await service.knex('accounts').delete()
    await world.activated({ insuranceNumber: erika.insuranceNumber })
    const prepare = ['print-runs:prepare', '--posting-day', today]
    for (const token of [undefined, '', 'x', weber?.hash]) {
      const refused = await service.runJson([...prepare, ...by('k.weber')], asNode(token))
      expect(refused).toMatchObject({ exitCode: 2, message: expect.stringContaining('OPERATOR_TOKEN') })
    }
    expect(await service.runJson([...prepare, ...by('k.weber')], asNode(boss?.token))).toMatchObject({ exitCode: 2 })
    const { runId } = await service.runJson(prepare, asNode(weber?.token))
    const run = await service.knex('print_runs').where({ id: runId }).first()
    expect(run.prepared_by).toBe('cli:k.weber (token:k.weber)')
    const release = ['print-runs:release', runId]
    expect(await service.runJson(release, asNode(weber?.token))).toMatchObject({ exitCode: 1 })
    expect(await service.runJson([...release, ...by('boss')], asNode(weber?.token))).toMatchObject({ exitCode: 2 })
    expect(await service.runJson(release, asNode(boss?.token))).toMatchObject({ exitCode: 0, result: 'released' })
    expect(await service.runJson(['print-runs:cancel', runId], asNode(boss?.token))).toMatchObject({ exitCode: 0 })
  })
})

it('calls a run back, and its letters wait again', async () => {
  const runId = await prepared()
  await move('release', runId, 'boss')
  expect(await move('cancel', runId, 'k.weber')).toMatchObject({ exitCode: 0, result: 'cancelled' })
  expect(await service.runJson(['print-runs:list'])).toMatchObject({ runs: [], waiting: 1 })
})

it('says that a run is called back and the print shop does not know; doctor and list say it, too', async () => {
  const spool = mkdtempSync(join(tmpdir(), 'aok-spool-'))
  const variables = { DATA_DIR: service.dataDir, LETTER_DRIVER: 'spool', LETTER_SPOOL_DIR: spool }
  const runId = await prepared()
  await move('release', runId, 'boss')
  // A folder in the place of the file: it cannot be deleted.
  mkdirSync(join(spool, `${runId}.pdf`))
  const cancelled = await service.run(['print-runs:cancel', runId, ...by('k.weber')], { variables })
  expect(cancelled).toMatchObject({ exitCode: 1, out: '' })
  expect(cancelled.err).toMatch(/is cancelled, but the print shop could not be told.*phone.*tried again/)
  expect(readdirSync(spool)).toContain(`${runId}.cancelled`)
  const { runs } = await service.runJson(['print-runs:list'])
  expect(runs).toMatchObject([{ id: runId, state: 'cancelled', notWithdrawn: expect.stringContaining('SpoolFault') }])
  expect((await service.run(['print-runs:list'])).out).toContain('the print shop does not know: SpoolFault')
  const { findings } = await service.runJson(['doctor'])
  expect(findings).toContainEqual(
    expect.objectContaining({ name: 'the print shop knows which runs are over', outcome: 'fault', count: 1 }),
  )
  rmSync(spool, { recursive: true })
})

it('does not post before the planned day, nor with a later one', async () => {
  const runId = await prepared()
  await move('release', runId, 'boss')
  await service
    .knex('print_runs')
    .where({ id: runId })
    .update({ posting_day: addDays(today, 1) })
  expect(await move('post', runId, 'boss')).toMatchObject({
    exitCode: 1,
    result: expect.stringMatching(/not come yet/),
  })
  await service
    .knex('print_runs')
    .where({ id: runId })
    .update({ posting_day: addDays(today, -1) })
  const asked = await service.run(['print-runs:post', runId, ...by('boss')])
  expect(asked).toMatchObject({ exitCode: 1, out: '' })
  expect(asked.err).toMatch(/say with --posted-on on which day/)
  const late = await move('post', runId, 'boss', '--posted-on', today)
  expect(late).toMatchObject({ exitCode: 1, result: expect.stringMatching(/it is cancelled, destroy the letters/) })
})

it('stops a damaged letter by its id or by the scan of its mark, and sends another', async () => {
  await prepared()
  const [{ id: letterId }] = await service.knex('unlock_letters')
  const mark = formatLetterMark({ letterId, sequence: 1, sheet: 1, sheets: 1 })
  const reprinted = await service.runJson(['letters:reprint', mark, ...by('k.weber')])
  expect(reprinted).toMatchObject({ exitCode: 0, letterId, result: 'reprinted' })
  expect(await service.runJson(['letters:reprint', letterId, ...by('k.weber')])).toMatchObject({
    exitCode: 1,
    result: 'not_printed',
  })
  const states = await service.knex('unlock_letters').orderBy('requested_at').pluck('state')
  expect(states).toEqual(['ended', 'requested'])
})

it.each([
  ['nobody says who he is', ['print-runs:prepare'], /Say who you are/],
  ['a name is none', ['print-runs:prepare', ...by('k weber; x')], /Say who you are/],
  ['a day is none', ['print-runs:prepare', '--posting-day', '12.3.', ...by('boss')], /must be a day/],
  ['a day does not exist', ['print-runs:prepare', '--posting-day', '2027-02-30', ...by('boss')], /must be a day/],
  ['a day lies in the past', ['print-runs:prepare', '--posting-day', '2020-01-01', ...by('boss')], /in the past/],
  ['a run id is none', ['print-runs:release', 'x', ...by('boss')], /run id looks like/],
  ['a run id has only its length', ['print-runs:cancel', '-'.repeat(36), ...by('boss')], /run id looks like|unknown/],
  ['a letter is none', ['letters:reprint', '4711', ...by('boss')], /letter id looks like/],
])('refuses the usage when %s', async (_, args, expected) => {
  const { exitCode, err } = await service.run(args)
  expect(exitCode).toBe(2)
  expect(err).toMatch(expected)
})
