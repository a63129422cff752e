import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { copyConfig } from '../support/config-folder.ts'
import { createInstallation } from './installation.ts'

const folder = mkdtempSync(join(tmpdir(), 'aok-cli-files-'))
const configDir = join(folder, 'config')
const variables = { CONFIG_DIR: configDir, SECRET: randomBytes(32).toString('hex') }
let service: Awaited<ReturnType<typeof createInstallation>>
beforeAll(async () => {
  copyConfig(folder)
  mkdirSync(join(configDir, 'clients'))
  service = await createInstallation()
  await run('db:migrate')
})
afterAll(async () => {
  await service?.close()
  rmSync(folder, { recursive: true })
})
beforeEach(async () => {
  for (const table of ['clients', 'client_files', 'client_resources', 'approvals']) await service.knex(table).delete()
  rmSync(join(configDir, 'clients'), { recursive: true })
  mkdirSync(join(configDir, 'clients'))
  write('clients.yaml', ['portal', 'old'])
  write('clients/team.yaml', ['bonus'])
  await run('clients:apply', ...as)
})

const as = ['--operator', 'k.weber']
const why = ['--reason', 'Vertrag beendet']
const run = (...args: string[]) =>
  service.run(args, { variables: { DATA_DIR: service.dataDir, ...variables }, osAccount: () => 'kweber' })
async function runJson(...args: string[]) {
  const { exitCode, out } = await run(...args, '--json')
  return { exitCode, ...JSON.parse(out) }
}
const pathOf = (name: string) => join(configDir, name)
const write = (name: string, ids: string[], more = '') =>
  writeFileSync(pathOf(name), `clients:${ids.map(entry).join('') || ' []'}\n${more}`)
const entry = (id: string) => `
  - client_id: ${id}
    name: ${id}
    kind: web
    redirect_uris: [https://${id}.example/callback]
    scopes: [openid]
    client_secret: { from: env:SECRET }`
const managers = async () =>
  Object.fromEntries(
    (await runJson('clients:list')).clients.map((each: Record<string, string>) => [each.clientId, each]),
  )

it('takes the folder and clients.yaml as one, and has nothing to do afterwards', async () => {
  expect(await managers()).toMatchObject({
    ...{ portal: { managedBy: 'clients.yaml' }, bonus: { managedBy: 'clients/team.yaml' } },
  })
  expect(await runJson('clients:plan', '--expect-none')).toMatchObject({ exitCode: 0, outcome: 'unchanged', left: [] })
  expect(await run('clients:check')).toMatchObject({ exitCode: 0, out: expect.stringContaining('3 applications') })
})

it('tells a pipeline by its exit code: nothing to do, something to do, a file that is wrong', async () => {
  write('clients/team.yaml', ['bonus', 'new'])
  const planned = await run('clients:plan', '--expect-none')
  expect(planned).toMatchObject({ exitCode: 3, err: '' })
  expect(planned.out).toContain('+ new: registered (clients/team.yaml)\n')
  expect(await runJson('clients:plan', '--expect-none', pathOf('clients'))).toMatchObject({ exitCode: 3, ok: true })
  expect(await run('clients:plan', '--expect-none', pathOf('clients.yaml'))).toMatchObject({ exitCode: 0 })
  write('clients/team.yaml', ['a b'])
  expect(await run('clients:plan', '--expect-none')).toMatchObject({ exitCode: 1, out: '' })
})

it('lets no file take what another one has, and says whose it is', async () => {
  write('clients/team.yaml', ['bonus', 'portal'])
  for (const args of [[], ['--take-over'], ['--prune', ...why]]) {
    const { exitCode, err } = await run('clients:apply', pathOf('clients/team.yaml'), ...args, ...as)
    expect([exitCode, err]).toEqual([
      1,
      expect.stringContaining('portal is registered by clients.yaml, and clients/team.yaml'),
    ])
  }
  expect(await run('clients:apply', ...as)).toMatchObject({
    ...{ exitCode: 1, err: expect.stringContaining('portal is named by clients.yaml and by clients/team.yaml') },
  })
  const before = await managers()
  write('clients.yaml', ['old'])
  expect((await run('clients:apply', ...as)).out).toContain('~ portal: moved from clients.yaml to clients/team.yaml')
  expect(before.portal).toMatchObject({ managedBy: 'clients.yaml' })
  expect((await managers()).portal).toMatchObject({ managedBy: 'clients/team.yaml', keptOut: null })
})

it('takes a file from elsewhere as what it is to be, and no other', async () => {
  const elsewhere = join(folder, 'team.yaml')
  writeFileSync(elsewhere, `clients:${entry('bonus')}${entry('more')}\n`)
  expect(await run('clients:plan', elsewhere)).toMatchObject({ exitCode: 1, err: expect.stringContaining('--as') })
  for (const place of [
    'demo/clients.yaml',
    'clients/../clients.yaml',
    '../clients.yaml',
    'clients/a/b.yaml',
    'limits.yaml',
  ])
    expect(await run('clients:plan', elsewhere, '--as', place)).toMatchObject({
      ...{ exitCode: 1, err: expect.stringContaining('is no place of a file of applications') },
    })
  expect((await run('clients:plan', elsewhere, '--as', 'clients/team.yaml')).out).toMatch(/^\+ more: registered$/m)
  // As another file it would take what is the team's.
  expect(await run('clients:plan', elsewhere, '--as', 'clients/x.yaml')).toMatchObject({ exitCode: 1 })
})

it('shows who stays without an entry, and asks for the removal when it is told to', async () => {
  write('clients.yaml', ['portal'])
  await run('clients:apply', ...as)
  const plan = await run('clients:plan')
  expect(plan.out).toContain('Stay registered without an entry, let in no more (--prune): old')
  expect(await runJson('clients:plan', '--prune', '--expect-none')).toMatchObject({
    ...{ exitCode: 3, changes: [{ clientId: 'old', change: 'removal', file: 'clients.yaml' }], left: [] },
  })
  expect(await run('clients:apply', '--prune', ...as)).toMatchObject({
    ...{ exitCode: 2, err: expect.stringContaining('--reason') },
  })
  expect((await run('clients:apply', '--prune', ...why, ...as)).out).toMatch(/^- old: removal for good is asked for/)
  expect(await service.knex('approvals').select('act', 'subject', 'reason', 'decision')).toEqual([
    { act: 'client.remove', subject: 'old', reason: 'Vertrag beendet', decision: null },
  ])
  const waiting = await run('clients:plan', '--prune', '--expect-none')
  expect(waiting).toMatchObject({ exitCode: 0, out: expect.stringContaining('waits for one of the staff') })
  expect(await runJson('clients:remove', 'portal', ...why, ...as)).toMatchObject({ exitCode: 1, error: 'managed' })
  await service.knex('approvals').delete()
  expect(await runJson('clients:remove', 'old', ...why, ...as)).toMatchObject({ exitCode: 0, asked: true })
})

it('writes each file as it is, so that applying it changes nothing', async () => {
  write(
    'clients/team.yaml',
    ['bonus'],
    'default_client: bonus\nresources:\n  - name: reports\n    scopes: [reports:read]\n',
  )
  await run('clients:apply', ...as)
  for (const name of ['clients.yaml', 'clients/team.yaml']) {
    const { out } = await run('clients:export', '--source', name)
    writeFileSync(pathOf(name), out)
    expect(out.includes('default_client: bonus')).toBe(name === 'clients/team.yaml')
    expect(await runJson('clients:plan')).toMatchObject({ exitCode: 0, outcome: 'planned', changes: [] })
  }
  expect(await run('clients:export', '--source', 'clients/none.yaml')).toMatchObject({ exitCode: 1 })
  expect(await run('clients:export', 'portal', '--source', 'clients.yaml')).toMatchObject({ exitCode: 2 })
})

it('keeps drafts out, and writes what it was told of them', async () => {
  const more = [
    ...['description: Zum Probieren', 'owner: Team Portal', 'environment: test', 'draft: true'],
    'acr_minimum: urn:meine-aok:acr:password-mtan',
  ]
  const text = `clients:${entry('bonus').replace('kind: web', `kind: web\n    ${more.join('\n    ')}`)}\n`
  writeFileSync(pathOf('clients/team.yaml'), text)
  expect((await run('clients:apply', ...as)).out).toContain('draft: false → true\n')
  expect((await managers()).bonus).toMatchObject({ keptOut: 'draft', environment: 'test' })
  expect((await run('clients:list')).out).toMatch(/^bonus {2}web {2}clients\/team.yaml {2}draft {2}bonus$/m)
  const { out } = await run('clients:export', '--source', 'clients/team.yaml')
  for (const line of more) expect(out).toContain(`    ${line}\n`)
  writeFileSync(pathOf('clients/team.yaml'), out)
  expect(await runJson('clients:plan')).toMatchObject({ changes: [] })
  expect(await run('clients:activate', 'bonus', ...as)).toMatchObject({
    ...{ exitCode: 1, err: expect.stringContaining('take draft out there') },
  })
  await service.knex('clients').where({ client_id: 'bonus' }).update({ managed_by: null })
  expect(await runJson('clients:activate', 'bonus', ...as)).toMatchObject({ exitCode: 0, activated: true })
  expect((await managers()).bonus).toMatchObject({ keptOut: null })
})

it('lets services of one file call a resource of another, and one file alone name the default', async () => {
  write(
    'clients.yaml',
    ['portal'],
    'default_client: portal\nresources:\n  - name: reports\n    scopes: [reports:read]\n',
  )
  writeFileSync(
    pathOf('clients/nightly.yaml'),
    'clients:\n  - client_id: nightly\n    name: N\n    kind: service\n    scopes: [reports:read, own:read]\n    client_secret: { from: database }\n',
  )
  expect(await run('clients:apply', ...as)).toMatchObject({ exitCode: 0 })
  expect(await service.knex('client_resources').orderBy('name').select('name', 'scopes', 'managed_by')).toEqual([
    { name: 'reports', scopes: ['reports:read'], managed_by: 'clients.yaml' },
    { name: 'services of nightly.yaml', scopes: ['own:read'], managed_by: 'clients/nightly.yaml' },
  ])
  write('clients/team.yaml', ['bonus'], 'default_client: bonus\n')
  expect(await run('clients:check')).toMatchObject({
    ...{
      exitCode: 1,
      err: expect.stringMatching(/clients\/team\.yaml:\d+: default_client is named in .*clients\.yaml, too/),
    },
  })
})
