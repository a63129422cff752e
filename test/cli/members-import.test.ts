import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { addDays, berlinDay } from '../../src/domain/calendar.ts'
import { emptyAuditLog } from '../support/audit.ts'
import { createInstallation } from './installation.ts'

const demoFile = fileURLToPath(new URL('../../config/demo/insured-persons.csv', import.meta.url))
const demo = readFileSync(demoFile, 'utf8')
const [heading = '', ...members] = demo.trim().split('\n')

let service: Awaited<ReturnType<typeof createInstallation>>
beforeAll(async () => {
  service = await createInstallation()
  await service.run(['db:migrate'])
})
afterAll(() => service.close())
beforeEach(async () => {
  await service.knex('insured_persons').delete()
  await emptyAuditLog(service.knex)
})

const importText = (content: string, ...options: string[]) =>
  service.runJson(['members:import', service.writeFile(content), ...options])
const personCount = async () => (await service.knex('insured_persons').select('id')).length
const events = () => service.knex('audit_events').orderBy('id')

it('imports the demo members while the service runs, and finds them unchanged the second time', async () => {
  expect(await service.runJson(['members:import', demoFile])).toMatchObject({ ok: true, exitCode: 0, added: 12 })
  expect(await service.runJson(['members:import', demoFile])).toMatchObject({ exitCode: 0, added: 0, unchanged: 12 })
  expect(await personCount()).toBe(12)
  expect(await events()).toMatchObject([
    { type: 'insured_persons_imported', actor: 'cli', data: { added: 12, changed: 0, unchanged: 0, refused: 0 } },
    { type: 'insured_persons_imported', data: { unchanged: 12 } },
  ])
})

it('changes what has changed', async () => {
  await importText(demo)
  expect(await importText(demo.replace('Kirchberg 9', 'Kirchberg 10'))).toMatchObject({ changed: 1, unchanged: 11 })
})

it('counts in a dry run and writes nothing', async () => {
  const { exitCode, out } = await service.run(['members:import', demoFile, '--dry-run'])
  expect(exitCode).toBe(0)
  expect(out).toBe('Dry run, nothing was written: 12 added, 0 changed, 0 left, 0 unchanged, 0 refused of 12 lines.\n')
  expect([await personCount(), await events()]).toEqual([0, []])
})

it('refuses the whole file for one bad line, and says where without the value', async () => {
  const path = service.writeFile(demo.replace('1985-03-02', '1985-02-30').replace('M424242429', 'M424242428'))
  const { exitCode, out, err } = await service.run(['members:import', path])
  expect([exitCode, out]).toEqual([1, ''])
  expect(err).toContain('Line 3: birth_date not_a_date\n')
  expect(err).toMatch(/Line 11: insurance_number \w+\n/)
  expect(err).toContain('Nothing was imported: 2 of 12 lines are refused.')
  expect(err).not.toMatch(/1985|M42424242|Mustermann/)
  expect([await personCount(), await events()]).toEqual([0, []])
})

it('imports the good lines with --skip-bad, and still exits with 1', async () => {
  const report = await importText(demo.replace('1985-03-02', '1985-02-30'), '--skip-bad')
  expect(report).toMatchObject({ ok: false, exitCode: 1, outcome: 'imported', added: 11, refused: 1 })
  expect(await personCount()).toBe(11)
  expect(await events()).toMatchObject([{ data: { added: 11, refused: 1 } }])
})

it('refuses the second line of a number that stands twice', async () => {
  const report = await importText([heading, ...members, members[0]].join('\n'))
  expect(report).toMatchObject({ exitCode: 1, outcome: 'refused', added: 0 })
  expect(report.refusals).toEqual([{ line: 14, field: 'insurance_number', reason: 'already_on_line_2' }])
})

it('refuses a late bad line after batches have been written', async () => {
  const many = Array.from({ length: 1200 }, (_, n) => numbered(n))
  expect(await importText([heading, ...many, 'x'].join('\n'))).toMatchObject({ exitCode: 1, refused: 1 })
  expect(await personCount()).toBe(0)
})

it('lists the first faults of a wholly bad file and counts all', async () => {
  const { exitCode, err } = await service.run([
    'members:import',
    service.writeFile(`${heading}\n${'x\n'.repeat(1500)}`),
  ])
  expect(exitCode).toBe(1)
  expect(err.split('\n')).toHaveLength(1003)
  expect(err).toContain('… and more after line 1001\nNothing was imported: 1500 of 1500 lines are refused.')
})

it.each([
  ['a missing file', '/none.csv', 2, 'not_found'],
  ['a folder', '/', 2, 'not_readable'],
])('says what is wrong with %s', async (_, path, exitCode, error) => {
  expect(await service.runJson(['members:import', path])).toMatchObject({ ok: false, exitCode, error })
})

it.each([
  ['an empty file', '', 'empty'],
  ['a missing column', demo.replace('deceased_on', 'x'), 'columns'],
])('refuses %s', async (_, content, error) => {
  expect(await importText(content)).toMatchObject({ ok: false, exitCode: 1, error })
})

it('suspends the account of a person who has died, in the transaction of the import', async () => {
  await importText(demo)
  const accountId = await service.addActiveAccount('B204581379')
  const died = demo.replace(/^(B204581379.*);;nein$/m, '$1;2026-01-05;nein')
  expect(await importText(`${died.trim()}\nx`)).toMatchObject({ outcome: 'refused' })
  expect(await importText(died, '--dry-run')).toMatchObject({ outcome: 'dry_run', changed: 1 })
  expect(await service.knex('accounts').first()).toMatchObject({ state: 'active' })
  expect(await importText(died)).toMatchObject({ outcome: 'imported', changed: 1 })
  expect(await service.knex('accounts').first()).toMatchObject({ state: 'suspended', suspension_reason: 'deceased' })
  expect(await events()).toMatchObject([
    { type: 'insured_persons_imported' },
    { type: 'account_suspended', account_id: accountId, data: { reason: 'deceased' } },
    { type: 'insured_persons_imported' },
  ])
})

it('lets only demo persons into a sandbox', async () => {
  const path = service.writeFile([heading, ...members, numbered(1)].join('\n'))
  const { exitCode, err } = await service.run(['members:import', path], {
    variables: { DATA_DIR: service.dataDir, SANDBOX: 'true' },
  })
  expect(exitCode).toBe(1)
  expect(err).toContain('Line 14: insurance_number not_a_demo_person\n')
})

it('follows the moved clock of a development installation', async () => {
  const tomorrow = addDays(berlinDay(new Date()), 1)
  const born = demo.replace('2013-05-05;Linden', `${tomorrow};Linden`)
  expect((await importText(born, '--dry-run')).refusals).toMatchObject([{ field: 'birth_date', reason: 'in_future' }])
  await service.knex('settings').insert({ name: 'clock_offset', value: String(48 * 60 * 60 * 1000) })
  expect(await importText(born, '--dry-run')).toMatchObject({ exitCode: 0 })
  await service.knex('settings').delete()
})

it('shows its progress on a terminal', async () => {
  const drawn: string[] = []
  await service.run(['members:import', demoFile], { progressWidth: 80, err: (text) => void drawn.push(text) })
  expect(drawn.join('')).toContain('] 100 % 12 lines')
})

const withoutMax = demo.replace(/^B204581379.*\n/m, '')
const maxOf = () =>
  service.knex.raw('select count(*)::int as ended from insured_persons where coverage_to = ?::date', [
    addDays(berlinDay(new Date()), -1),
  ])

it('ends the coverage of who is missing in a full file, deletes nobody, and restores who comes back', async () => {
  await importText(demo)
  const before = (await maxOf()).rows[0].ended
  expect(await importText(withoutMax)).toMatchObject({ left: 0, unchanged: 11 })
  expect(await importText(withoutMax, '--full', '--accept-left', '1')).toMatchObject({ exitCode: 0, left: 1 })
  expect([await personCount(), (await maxOf()).rows[0].ended]).toEqual([12, before + 1])
  expect(await importText(withoutMax, '--full')).toMatchObject({ exitCode: 0, left: 0, unchanged: 11 })
  expect(await importText(demo, '--full')).toMatchObject({ changed: 1, left: 0, unchanged: 11 })
  expect((await maxOf()).rows[0].ended).toBe(before)
  const imports = (await events()).filter(({ type }) => type === 'insured_persons_imported')
  expect(imports.map(({ data }) => data.left)).toEqual([0, 0, 1, 0, 0])
  expect(await service.knex('member_import_rows').first()).toBeUndefined()
})

it('refuses a full file in which too many are missing, and says how to accept them', async () => {
  await importText(demo)
  const { exitCode, err } = await service.run(['members:import', service.writeFile(withoutMax), '--full'])
  expect(exitCode).toBe(1)
  expect(err).toMatch(/1 of \d+ covered persons are missing.*--accept-left 1/)
  expect(await events()).toHaveLength(1)
})

it('takes nobody to have left whose line was left out', async () => {
  await importText(demo)
  const bad = demo.replace('1985-03-02', '1985-02-30')
  expect(await importText(bad, '--full', '--skip-bad', '--accept-left', '12')).toMatchObject({ left: 0, refused: 1 })
})

it('counts the leavers in a dry run and writes nothing', async () => {
  await importText(demo)
  const before = (await maxOf()).rows[0].ended
  const dry = await importText(withoutMax, '--full', '--accept-left', '1', '--dry-run')
  expect(dry).toMatchObject({ outcome: 'dry_run', left: 1, unchanged: 11 })
  expect((await maxOf()).rows[0].ended).toBe(before)
})

it('refuses a file that has not as many members as announced', async () => {
  expect(await importText(demo, '--expect-rows', '13')).toMatchObject({ exitCode: 1, cause: 'row_count', added: 0 })
  expect(await personCount()).toBe(0)
  expect(await importText(demo, '--expect-rows', '12')).toMatchObject({ exitCode: 0, added: 12 })
})

it('refuses a second import while one runs, and takes over from one that has died', async () => {
  const lease = { name: 'register', import_id: randomUUID(), started_at: new Date() }
  const died = { ...lease, busy_until: new Date(Date.now() - 1000) }
  await service.knex('member_import_leases').insert({ ...lease, busy_until: new Date(Date.now() + 60_000) })
  await service
    .knex('member_import_rows')
    .insert({ line: 2, slot: 0, insurance_number_hash: 'x.left', fingerprints: [] })
  const { exitCode, err } = await service.run(['members:import', service.writeFile(demo)])
  expect([exitCode, await personCount()]).toEqual([1, 0])
  expect(err).toContain(`another import runs since ${lease.started_at.toISOString()}`)
  await service.knex('member_import_leases').update(died)
  expect(await importText(demo)).toMatchObject({ exitCode: 0, added: 12 })
  expect(await service.knex('member_import_rows').first()).toBeUndefined()
  expect(await service.knex('member_import_leases').first()).toBeUndefined()
})

/** A member with the n-th valid insurance number. */
function numbered(n: number): string {
  const digits = String(n * 7919).padStart(8, '0')
  const sum = [...`24${digits}`].reduce((total, digit, index) => {
    const product = Number(digit) * (1 + (index % 2))
    return total + (product > 9 ? product - 9 : product)
  }, 0)
  return (members[0] ?? '').replace('A123456780', `X${digits}${sum % 10}`)
}
