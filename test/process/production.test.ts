import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Child, startChild } from '../support/machine/child.ts'
import { createServerDatabase, type Own } from '../support/stores/server-database.ts'

const key = () => `k1:${randomBytes(32).toString('base64')}`

async function query(url: string, sql: string): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  return await client.query(sql).finally(() => client.end())
}

describe.skipIf(process.env.TEST_WITHOUT_POSTGRES)('production on PostgreSQL', () => {
  const folder = mkdtempSync(join(tmpdir(), 'aok-production-'))
  let database: Own
  const secretFile = join(folder, 'hash-keys')
  let variables: Record<string, string>
  let child: Child
  let address: string

  beforeAll(async () => {
    writeFileSync(secretFile, key(), { mode: 0o600 })
    database = await createServerDatabase('empty')
    variables = {
      NODE_ENV: 'production',
      ISSUER: 'https://anmeldung.example.org',
      DATABASE_URL: database.url,
      COOKIE_KEYS: key(),
      ENCRYPTION_KEYS: key(),
      HASH_KEYS_FILE: secretFile,
      SMTP_URL: 'smtp://127.0.0.1:1',
      SMS_DRIVER: 'http',
      SMS_GATEWAY_URL: 'http://127.0.0.1:1/sms',
      LETTER_DRIVER: 'spool',
      LETTER_SPOOL_DIR: join(folder, 'spool'),
      TRUST_PROXY: 'true',
      WEB_CONCURRENCY: '2',
      IP_LIMIT_FACTOR: '10',
      LOG_LEVEL: 'error',
    }
    child = startChild(variables)
    address = `http://127.0.0.1:${(await child.ready).port}`
  })
  afterAll(async () => {
    child?.process.kill('SIGTERM')
    expect(await child?.ended).toBe(0)
    await database.drop()
    rmSync(folder, { recursive: true })
  })
  const get = (path: string, headers: Record<string, string> = {}) =>
    fetch(`${address}${path}`, { headers, redirect: 'manual' })

  it('answers its pages, health and discovery with addresses of the issuer', async () => {
    expect((await get('/registrierung')).status).toBe(200)
    expect(await (await get('/health')).json()).toEqual({
      ...{
        status: 'ok',
        database: 'ok',
        migrations: 'ok',
        artefacts: 'ok',
        queue: 'ok',
        heldKeys: 'ok',
        keys: 'ok',
        jobs: 'ok',
      },
    })
    const discovery = (await (await get('/.well-known/openid-configuration')).json()) as Record<string, string>
    expect(discovery.issuer).toBe('https://anmeldung.example.org')
    expect(discovery.token_endpoint).toBe('https://anmeldung.example.org/oidc/token')
  })

  it('tells what may be unsafe once, however quiet its log is', () => {
    const told = child
      .out()
      .split('\n')
      .filter((line) => line.includes('setting may be unsafe'))
    expect(told.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({ level: 'warn', setting: 'IP_LIMIT_FACTOR', risk: expect.stringContaining('10 times') }),
    ])
  })

  it('sets Secure cookies with the __Host- prefix and HSTS', async () => {
    const answer = await get('/registrierung')
    expect(answer.headers.get('strict-transport-security')).toContain('max-age=')
    for (const cookie of answer.headers.getSetCookie()) expect(cookie).toMatch(/^__Host-.*secure/i)
  })

  it('has none of the development pages and no demo member', async () => {
    for (const path of ['/dev/postbox', '/dev/postbox.json', '/dev/clock']) expect((await get(path)).status).toBe(404)
    expect((await query(database.url, 'select 1 from insured_persons')).rowCount).toBe(0)
  })

  it('says that nobody can be signed in while no application is registered', async () => {
    expect((await get('/anmeldung')).status).toBe(404)
  })

  it('refuses a database with demo members', async () => {
    await query(database.url, `insert into settings (name, value) values ('demo_loaded', 'x') on conflict do nothing`)
    const second = startChild({ ...variables, WEB_CONCURRENCY: '1' })
    await expect(second.ready).rejects.toThrow()
    expect(await second.ended).toBe(1)
    expect(second.err()).toMatch(/demo data: members[^\n]*DATABASE_URL/)
    expect(second.err().trim().split('\n')).toHaveLength(1)
  })
})
