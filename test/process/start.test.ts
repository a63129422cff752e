import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createClient } from '../support/client.ts'
import { type Child, startChild, toApp } from '../support/machine/child.ts'
import { copyTemplate } from '../support/stores/database-templates.ts'
import { activate, begin, enterPassword, register, runJobs, signInFirst, somebody } from '../support/walk.ts'

let dataDir: string
const children: Child[] = []
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'aok-start-'))
  copyTemplate(dataDir, 'migrated')
})
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.process.exitCode === null && child.process.signalCode === null) child.process.kill('SIGKILL')
    await child.ended
  }
  await rm(dataDir, { recursive: true, force: true })
})

function start(variables: Record<string, string> = {}): Child {
  const child = startChild({ DATA_DIR: dataDir, ...variables })
  children.push(child)
  return child
}

/** Refused to start: code 1, on stderr one sentence or more without a stack, nothing ready on stdout. */
async function expectRefusal(child: Child, ...sayings: (string | RegExp)[]): Promise<void> {
  await Promise.race([
    child.ended,
    child.ready.then(
      () => expect.fail('it started'),
      () => {},
    ),
  ])
  expect(await child.ended).toBe(1)
  for (const saying of sayings) expect(child.err()).toMatch(saying)
  expect(child.err()).not.toMatch(/\n\s+at |Error:/)
  expect(child.err().trim().split('\n')).toHaveLength(1)
  expect(child.out()).not.toContain('"ready"')
}

// Each starts the application twice.
describe('a start', () => {
  it('says that it is ready, tells the demo log-ins, and keeps its data over a restart', async () => {
    // The very first start: nothing is there yet.
    await rm(join(dataDir, 'postgres'), { recursive: true })
    const first = start()
    const ready = await first.ready
    expect(ready.issuer).toBe(`http://localhost:${ready.port}`)
    expect(ready.demoPort).toBeGreaterThan(0)
    const demo = JSON.parse(await readFile(join(dataDir, 'demo.json'), 'utf8'))
    expect(demo.addresses.issuer).toBe(ready.issuer)
    expect(JSON.stringify(demo)).toContain('lena.huber')
    expect(first.out()).toContain('lena.huber')
    for (const clientId of ['demo-portal', 'demo-spa', 'demo-third-party', 'demo-service'])
      expect(JSON.stringify(demo.clients)).toContain(clientId)
    for (const file of ['secrets.json', 'demo.json']) expect((await stat(join(dataDir, file))).mode & 0o077).toBe(0)

    const person = somebody('A123456780')
    const app = toApp(ready, dataDir)
    const client = createClient()
    await register(client, app, person)
    await activate(client, app, person)
    await runJobs(app)
    const discovery = async (issuer: string) => (await fetch(`${issuer}/.well-known/openid-configuration`)).json()
    const keys = async (issuer: string) => {
      const { jwks_uri } = (await discovery(issuer)) as { jwks_uri: string }
      const { keys } = (await (await fetch(jwks_uri)).json()) as { keys: { kid: string }[] }
      return keys.map(({ kid }) => kid).sort()
    }
    const kids = await keys(ready.issuer)
    first.process.kill('SIGINT')
    expect(await first.ended).toBe(0)
    expect(first.err()).toBe('')

    const second = start()
    const again = toApp(await second.ready, dataDir)
    expect(await keys(again.issuer)).toEqual(kids)
    expect(JSON.parse(await readFile(join(dataDir, 'demo.json'), 'utf8')).clients).toEqual(demo.clients)
    const end = await signInFirst(createClient(), again, person)
    expect(new URL(end.url).origin).toBe(again.demo)
    second.process.kill('SIGTERM')
    expect(await second.ended).toBe(0)
  })

  it('comes up again after the process was killed in the middle', async () => {
    const first = start()
    const app = toApp(await first.ready, dataDir)
    const person = somebody('B204581379')
    await register(createClient(), app, person)
    const busy = Promise.allSettled(
      Array.from({ length: 20 }, async () => {
        const client = createClient()
        await begin(client, app)
        await enterPassword(client, { username: 'lena.huber', password: 'falsch-falsch-falsch' })
      }),
    )
    await new Promise((resolve) => setTimeout(resolve, 150))
    first.process.kill('SIGKILL')
    expect(await first.ended).toBe('SIGKILL')
    await busy

    const second = start()
    const again = toApp(await second.ready, dataDir)
    const client = createClient()
    await begin(client, again)
    const page = await enterPassword(client, person)
    expect(new URL(page.url).pathname).toMatch(/nicht-aktiviert$/)
    second.process.kill('SIGTERM')
    expect(await second.ended).toBe(0)
  })
})

describe('a start that cannot be', () => {
  it.each(['PORT', 'DEMO_PORT'])('says that the port is in use (%s)', async (variable) => {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    await expectRefusal(start({ [variable]: String(port) }), `Port ${port} is in use`, variable)
    await new Promise((resolve) => server.close(resolve))
  })

  it('says that the data folder cannot be written', async () => {
    const file = join(dataDir, 'file')
    await writeFile(file, '')
    await expectRefusal(start({ DATA_DIR: join(file, 'data') }), 'data folder', 'DATA_DIR')
  })

  it('says that the data folder is in use', async () => {
    await start().ready
    await expectRefusal(start(), 'in use by process', 'DATA_DIR')
  })

  it('names every wrong setting', async () => {
    const child = start({ PORT: 'achtzig', LOG_LEVEL: 'loud', DATABASE_URL: 'mysql://x', COOKIE_KEYS: 'kurz' })
    await expectRefusal(child, 'PORT', 'LOG_LEVEL', 'DATABASE_URL', 'COOKIE_KEYS')
  })

  it.each([
    ['DATABASE_URL', 'postgres://postgres@127.0.0.1:1/nichts'],
    ['REDIS_URL', 'redis://127.0.0.1:1'],
  ])('says that a store cannot be reached (%s)', async (variable, url) => {
    await expectRefusal(start({ [variable]: url }), 'cannot be reached', variable)
  })

  it('says what is wrong in a file of the configuration', async () => {
    await chmod(dataDir, 0o700)
    await expectRefusal(start({ CONFIG_DIR: join(dataDir, 'nichts') }), 'CONFIG_DIR')
  })

  it('says that development listens on loopback only', async () => {
    await expectRefusal(start({ HOST: '0.0.0.0' }), 'HOST=0.0.0.0')
  })

  it('says that a service behind a proxy must be told what it is', async () => {
    const forgotten = { ISSUER: 'https://anmeldung.example.org', TRUST_PROXY: 'true' }
    await expectRefusal(start(forgotten), 'ISSUER', 'TRUST_PROXY', 'NODE_ENV=production', 'SANDBOX=true')
  })

  it('names everything that production misses', async () => {
    const child = start({ NODE_ENV: 'production' })
    const required = ['ISSUER', 'DATABASE_URL', 'COOKIE_KEYS', 'ENCRYPTION_KEYS', 'HASH_KEYS', 'SMTP_URL']
    await expectRefusal(child, ...required, 'SMS_DRIVER', 'LETTER_DRIVER')
  })

  it('refuses an http issuer and demo settings in production, without telling a secret', async () => {
    const key = `k:${Buffer.alloc(32, 7).toString('base64')}`
    const child = start({
      NODE_ENV: 'production',
      ISSUER: 'http://anmeldung.example.org',
      DATABASE_URL: 'postgres://postgres@127.0.0.1:1/nichts',
      COOKIE_KEYS: key,
      ENCRYPTION_KEYS: key,
      HASH_KEYS: key,
      SMTP_URL: 'smtp://127.0.0.1:1',
      SMS_DRIVER: 'postbox',
      DEMO_CLIENT_SECRET: 'geheim-geheim-geheim',
    })
    await expectRefusal(child, 'https://', 'SMS_DRIVER', 'LETTER_DRIVER', 'DEMO_CLIENT_SECRET')
    expect(child.err()).not.toContain('geheim-geheim')
    expect(child.err()).not.toContain(key.slice(2))
  })
})
