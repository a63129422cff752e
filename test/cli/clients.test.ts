import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { copyConfig } from '../support/config-folder.ts'
import { createInstallation } from './installation.ts'

const folder = mkdtempSync(join(tmpdir(), 'aok-cli-clients-'))
const secret = () => randomBytes(32).toString('hex')
const variables = { CONFIG_DIR: join(folder, 'config'), PORTAL_SECRET: secret() }
let service: Awaited<ReturnType<typeof createInstallation>>
beforeAll(async () => {
  copyConfig(folder)
  service = await createInstallation()
  await run('db:migrate')
})
afterAll(async () => {
  await service?.close()
  rmSync(folder, { recursive: true })
})

const as = ['--operator', 'k.weber']
const run = (...args: string[]) =>
  service.run(args, { variables: { DATA_DIR: service.dataDir, ...variables }, osAccount: () => 'kweber' })
async function runJson(...args: string[]) {
  const { exitCode, out } = await run(...args, '--json')
  return { exitCode, ...JSON.parse(out) }
}
const write = (...entries: string[]) =>
  writeFileSync(join(variables.CONFIG_DIR, 'clients.yaml'), `clients:${entries.join('') || ' []'}\n`)

const portal = `
  - client_id: portal
    name: Portal
    kind: web
    first_party: true
    redirect_uris: [https://portal.example/callback]
    scopes: [openid]
    contacts: [team@portal.example]
    client_secret: { from: env:PORTAL_SECRET }`
const nightly = `
  - client_id: nightly
    name: Nightly
    kind: service
    scopes: [reports:read]
    client_secret: { from: database }`

it('applies the file, and says before what that would do', async () => {
  write(portal, nightly)
  const changes = [
    { clientId: 'portal', change: 'registered', fields: [] },
    { clientId: 'nightly', change: 'registered', fields: [] },
  ]
  expect(await runJson('clients:apply', '--dry-run')).toMatchObject({ exitCode: 0, outcome: 'planned', changes })
  expect((await runJson('clients:list')).clients).toEqual([])
  expect(await runJson('clients:apply', ...as)).toMatchObject({ exitCode: 0, outcome: 'applied', changes })
  expect(await run('clients:apply', ...as)).toMatchObject({
    exitCode: 0,
    out: expect.stringContaining('Nothing to do'),
  })
  expect((await run('clients:list')).out).toMatch(/^nightly {2}service {2}clients.yaml {2}let in {2}Nightly\nportal /)
})

it('takes a secret that has changed in its place, and nothing for the same file elsewhere', async () => {
  variables.PORTAL_SECRET = secret()
  const { out } = await run('clients:apply', '--dry-run')
  expect(out).toBe('~ portal: client_secret\nNothing was written.\n')
  await run('clients:apply', ...as)
  expect(await runJson('clients:apply', ...as)).toMatchObject({ outcome: 'unchanged' })
})

it.each(['x', '0', '1.5', '10001'])('lists no %s clients', async (limit) => {
  expect(await run('clients:list', '--limit', limit)).toMatchObject({
    exitCode: 2,
    err: expect.stringContaining('number from 1 to 10000'),
  })
})

it('shows a client without its secrets', async () => {
  const shown = (await runJson('clients:show', 'portal')).client
  expect(shown).toMatchObject({
    contacts: ['team@portal.example'],
    secrets: 1,
    managedBy: 'clients.yaml',
    keptOut: null,
  })
  expect(shown).not.toHaveProperty('secretHashes')
  expect(await runJson('clients:show', 'nobody')).toMatchObject({ exitCode: 1, error: 'unknown' })
})

it('shows a client whose contacts cannot be opened, and doctor names the row', async () => {
  const row = () => service.knex('clients').where({ client_id: 'portal' })
  const { contacts } = await row().first()
  await row().update({ contacts: 'dev.x.y.z' })
  const says = expect.stringContaining('see doctor')
  expect((await run('clients:list')).out).toMatch(/portal .*cannot be opened: see doctor/)
  expect((await runJson('clients:show', 'portal')).client).toMatchObject({ contacts: [], contactsUnreadable: says })
  expect((await run('doctor', '--without-chain')).err).toContain('clients.contacts:portal')
  await row().update({ contacts })
})

it('changes nothing when an entry is wrong, and names its line', async () => {
  write(portal.replace('https:', 'http:'), nightly)
  const { exitCode, err } = await run('clients:apply', ...as)
  expect([exitCode, err]).toEqual([
    1,
    expect.stringMatching(/clients\.yaml:6: clients\[0\]\.redirect_uris\[0\] \(portal\) uses http/),
  ])
  expect((await runJson('clients:show', 'portal')).client.redirectUris).toEqual(['https://portal.example/callback'])
})

it('lets in no more whose entry has vanished, until it is back', async () => {
  write(nightly)
  expect((await run('clients:apply', ...as)).out).toMatch(/^- portal: gone from the file, let in no more\n/)
  expect((await runJson('clients:list')).clients).toMatchObject([
    { keptOut: null },
    { clientId: 'portal', keptOut: 'gone' },
  ])
  expect(await run('clients:lift', 'portal', ...as)).toMatchObject({
    ...{ exitCode: 1, err: expect.stringContaining('before its entry is in clients.yaml again') },
  })
  write(portal, nightly)
  expect((await run('clients:apply', ...as)).out).toContain('+ portal: back')
})

it('suspends beyond what the file says', async () => {
  const because = ['--reason', 'Secret bekannt geworden']
  expect(await run('clients:suspend', 'portal', ...as)).toMatchObject({
    exitCode: 2,
    err: expect.stringContaining('--reason'),
  })
  expect(await runJson('clients:suspend', 'portal', ...because, ...as)).toMatchObject({ exitCode: 0, suspended: true })
  expect(await runJson('clients:suspend', 'portal', ...because, ...as)).toMatchObject({ exitCode: 0, suspended: false })
  write(portal.replace('name: Portal', 'name: Neu'), nightly)
  expect((await run('clients:apply', ...as)).out).toContain('~ portal: name; it stays suspended until clients:lift\n')
  expect((await runJson('clients:show', 'portal')).client).toMatchObject({ name: 'Neu', keptOut: 'suspended' })
  expect(await runJson('clients:lift', 'portal', ...as)).toMatchObject({ exitCode: 0, lifted: true, keptOut: null })
  expect(await run('clients:suspend', 'nobody', ...because, ...as)).toMatchObject({ exitCode: 1 })
  expect(await run('clients:suspend', 'portal', ...because)).toMatchObject({
    exitCode: 2,
    err: expect.stringContaining('--operator'),
  })
})

it('makes secrets, tells each once, and ends the one that is named', async () => {
  const first = await runJson('secrets:add', 'nightly', '--name', 'Herbst', '--expires', '90', ...as)
  expect(first).toMatchObject({ exitCode: 0, secret: expect.stringMatching(/^[0-9a-f]{64}$/) })
  const second = await runJson('secrets:add', 'nightly', ...as)
  expect(await runJson('secrets:add', 'nightly', ...as)).toMatchObject({ exitCode: 1, error: 'two_valid' })
  const listed = await run('secrets:list', 'nightly')
  expect(listed.out).toMatch(/Herbst {2}in force {2}made \d{4}-\d\d-\d\d {2}ends \d{4}-\d\d-\d\d {2}never used/)
  for (const { secret } of [first, second]) expect(JSON.stringify(listed)).not.toContain(secret)
  expect(await runJson('secrets:revoke', 'nightly', first.id, ...as)).toMatchObject({ exitCode: 0 })
  expect(await runJson('secrets:revoke', 'nightly', first.id, ...as)).toMatchObject({ exitCode: 1, error: 'no_secret' })
  expect((await runJson('secrets:list', 'nightly')).secrets).toMatchObject([{ id: second.id }])
  expect((await runJson('secrets:list', 'nightly', '--all')).secrets).toHaveLength(2)
  expect((await runJson('clients:show', 'nightly')).client.secrets).toBe(1)
  expect(await runJson('secrets:add', 'portal', ...as)).toMatchObject({ exitCode: 1, error: 'brought_along' })
  expect(await runJson('secrets:list', 'portal')).toMatchObject({ secrets: [{ name: 'env:PORTAL_SECRET' }] })
  expect(await runJson('secrets:list', 'nobody')).toMatchObject({ exitCode: 1, error: 'unknown' })
  expect(await runJson('secrets:add', 'nightly', '--expires', 'soon', ...as)).toMatchObject({ exitCode: 2 })
})

it('asks for the removal of what staff look after, and sends to the file for the rest', async () => {
  const why = ['--reason', 'Vertrag beendet']
  expect(await runJson('clients:remove', 'portal', ...why, ...as)).toMatchObject({ exitCode: 1, error: 'managed' })
  await service.knex('clients').where({ client_id: 'nightly' }).update({ managed_by: null })
  expect(await runJson('clients:remove', 'nightly', ...as)).toMatchObject({ exitCode: 2 })
  expect(await runJson('clients:remove', 'nightly', ...why, ...as)).toMatchObject({ exitCode: 0, asked: true })
  expect(await run('clients:remove', 'nightly', ...why, ...as)).toMatchObject({
    out: expect.stringContaining('/admin/approvals'),
  })
  expect((await runJson('clients:show', 'nightly')).client).toMatchObject({ keptOut: null })
  expect(await service.knex('approvals').select('act', 'subject', 'reason')).toEqual([
    { act: 'client.remove', subject: 'nightly', reason: 'Vertrag beendet' },
  ])
})

const resources = `
resources:
  - name: services
    scopes: [reports:read]`

it('plans with values before and after, and names what staff have registered beside the file', async () => {
  await service.knex('approvals').delete()
  const changed = portal.replace('name: Portal', 'name: Tor')
  write(changed.replace('/callback]', '/callback, https://portal.example/two]'), resources)
  const planned = await run('clients:plan')
  expect(planned.out).toContain('~ portal: name, redirect_uris\n    name: "Neu" → "Tor"\n')
  expect(planned.out).toContain('redirect_uris: + https://portal.example/two\n')
  expect(planned.out).toContain('Registered by staff, beside the file (clients:export): nightly')
  expect(await run('clients:plan', '--expect-none')).toMatchObject({ exitCode: 3 })
  await run('clients:apply', ...as)
  expect(await runJson('clients:plan', '--expect-none')).toMatchObject({
    ...{ exitCode: 0, outcome: 'unchanged', byHand: ['nightly'] },
  })
})

it('takes over what staff have registered by its export, and changes nothing by a second', async () => {
  const { out } = await run('clients:export', 'nightly')
  expect(out).toBe(
    [
      ...['clients:', '  - client_id: nightly', '    name: Nightly', '    kind: service', '    scopes:'],
      ...['      - reports:read', '    client_secret:', '      from: database', ''],
    ].join('\n'),
  )
  const inForce = () => service.knex('client_secrets').whereNull('ended_at').orderBy('id').pluck('id')
  const secretsBefore = await inForce()
  write(portal, `\n${out.replace('clients:\n', '').trimEnd()}`, resources)
  expect(await runJson('clients:plan')).toMatchObject({ exitCode: 1, outcome: 'refused' })
  const taken = await run('clients:apply', '--take-over', ...as)
  expect(taken.out).toContain('~ nightly: managed by the file from now on')
  expect((await runJson('clients:show', 'nightly')).client).toMatchObject({ managedBy: 'clients.yaml', keptOut: null })
  expect(await inForce()).toEqual(secretsBefore)
  const whole = await run('clients:export')
  writeFileSync(join(variables.CONFIG_DIR, 'clients.yaml'), whole.out)
  expect(await runJson('clients:plan')).toMatchObject({ exitCode: 0, outcome: 'planned', changes: [] })
  for (const secret of Object.values(variables)) expect(whole.out).not.toContain(secret)
})

it('records who did what', async () => {
  const events = await service.knex('audit_events').where('type', 'like', 'client_%').select('type', 'actor', 'data')
  expect(new Set(events.map(({ actor }) => actor))).toEqual(new Set(['cli:k.weber (os:kweber)']))
  expect(events).toContainEqual(
    expect.objectContaining({
      type: 'client_suspended',
      data: { clientId: 'portal', reason: 'Secret bekannt geworden' },
    }),
  )
})

it('finds no fault where a start and an application find none, and every one that they find', async () => {
  const key = () => `k1:${randomBytes(32).toString('base64')}`
  const production = {
    ...{ NODE_ENV: 'production', ISSUER: 'https://anmeldung.example.org', DATABASE_URL: 'postgres://127.0.0.1/aok' },
    ...{ COOKIE_KEYS: key(), ENCRYPTION_KEYS: key(), HASH_KEYS: key(), SMTP_URL: 'smtp://127.0.0.1:1' },
    ...{
      SMS_DRIVER: 'http',
      SMS_GATEWAY_URL: 'http://127.0.0.1:1/sms',
      LETTER_DRIVER: 'spool',
      LETTER_SPOOL_DIR: folder,
    },
    ...variables,
  }
  const check = (...args: string[]) => service.run(['clients:check', ...args], { variables: production })
  write(portal)
  expect(await check()).toMatchObject({ exitCode: 1, err: expect.stringMatching(/:1: default_client is missing/) })
  const taken = `clients:${portal}\ndefault_client: portal\n`
  const path = join(variables.CONFIG_DIR, 'clients.yaml')
  const native = taken
    .replace('kind: web', 'kind: native')
    .replace('https://portal.example/', 'https://localhost/')
    .replace('client_secret: { from: env:PORTAL_SECRET }', '')
  writeFileSync(path, native)
  expect(await check()).toMatchObject({ exitCode: 1, err: expect.stringMatching(/portal is not valid: .*localhost/) })
  writeFileSync(path, taken)
  expect(await check()).toMatchObject({
    exitCode: 0,
    out: expect.stringMatching(/no fault.*\n.*clients:apply --dry-run/),
  })
  const next = join(variables.CONFIG_DIR, 'next.yaml')
  writeFileSync(next, taken.replaceAll('portal', 'another'))
  expect((await check(next)).out).toContain(`${next}: 1 applications, no fault`)
})
