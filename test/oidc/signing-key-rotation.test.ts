import { randomBytes } from 'node:crypto'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose'
import * as client from 'openid-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type App, startApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config.ts'
import { runCommand } from '../cli/installation.ts'
import { createClient } from '../support/client.ts'
import { createInbox } from '../support/inbox.ts'
import { freePort } from '../support/servers/processes.ts'
import { onServer } from '../support/stores/database-templates.ts'
import { createServerDatabase, type Own } from '../support/stores/server-database.ts'
import { enterMtan, enterPassword, lena } from '../support/walk.ts'

const secret = randomBytes(32).toString('base64url')

describe.skipIf(process.env.TEST_WITHOUT_POSTGRES)('signing keys of two processes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'aok-signing-'))
  let database: Own
  const apps: App[] = []
  let variables: Record<string, string>
  let rps: client.Configuration[]
  let refreshToken = ''

  beforeAll(async () => {
    database = await createServerDatabase()
    for (const part of ['config', 'locales']) cpSync(part, join(folder, part), { recursive: true })
    const rules = readFileSync('config/keys.yaml', 'utf8').replace('pollSeconds: 15', 'pollSeconds: 1')
    writeFileSync(join(folder, 'config/keys.yaml'), rules)
    const port = await freePort()
    const key = () => `k1:${randomBytes(32).toString('base64')}`
    variables = {
      NODE_ENV: 'development',
      CONFIG_DIR: join(folder, 'config'),
      DATABASE_URL: database.url,
      ISSUER: `http://localhost:${port}`,
      ...{ COOKIE_KEYS: key(), ENCRYPTION_KEYS: key(), HASH_KEYS: key() },
      DEMO_CLIENT_SECRET: secret,
      DEMO_REDIRECT_URIS: `demo-portal=http://localhost:${port}/hilfe`,
      ...{ DEMO_PORT: '0', LOG_LEVEL: 'silent', DATA_DIR: folder },
    }
    for (const own of [String(port), '0']) apps.push(await startApp(loadConfig({ ...variables, PORT: own })))
    await renewKeySets()
    refreshToken = await signIn()
  })
  afterAll(async () => {
    for (const app of apps) await app.close()
    await database?.drop()
    rmSync(folder, { recursive: true })
  })

  const at = (app: App | undefined, path: string) => `http://localhost:${app?.port}${path}`
  const cli = (...args: string[]) => runCommand([...args, '--json'], { variables })

  /** An application that reaches the issuer through one of its processes and checks every signature. */
  async function relyingPartyAt(port: number): Promise<client.Configuration> {
    const issuer = new URL(variables.ISSUER ?? '')
    const authentication = client.ClientSecretBasic(secret)
    const options = { execute: [client.allowInsecureRequests] }
    const found = await client.discovery(issuer, 'demo-portal', {}, authentication, options)
    const here = (address: string | undefined) => Object.assign(new URL(address ?? ''), { port: String(port) }).href
    const { token_endpoint, jwks_uri, supportsPKCE: _, ...metadata } = found.serverMetadata()
    const own = { ...metadata, token_endpoint: here(token_endpoint), jwks_uri: here(jwks_uri) }
    const configuration = new client.Configuration(own, 'demo-portal', {}, authentication)
    client.allowInsecureRequests(configuration)
    client.enableNonRepudiationChecks(configuration)
    return configuration
  }

  /** Applications fetch the key set anew, as they do within `publishAheadHours`, and keep it from now on. */
  async function renewKeySets(): Promise<void> {
    rps = await Promise.all(apps.map((app) => relyingPartyAt(app.port)))
  }

  /** Lena signs in by the pages of the first process; the second one answers the code. */
  async function signIn(): Promise<string> {
    const [first, second] = rps as [client.Configuration, client.Configuration]
    const verifier = client.randomPKCECodeVerifier()
    const challenge = await client.calculatePKCECodeChallenge(verifier)
    const start = client.buildAuthorizationUrl(first, {
      ...{ redirect_uri: `${variables.ISSUER}/hilfe`, scope: 'openid offline_access' },
      ...{ code_challenge: challenge, code_challenge_method: 'S256' },
    })
    const browser = createClient()
    await browser.get(start.href)
    const app = { ...(apps[0] as App), inbox: createInbox(variables.ISSUER ?? '') }
    const known = (await app.inbox.list('sms', lena.mobile)).length
    await enterPassword(browser, lena)
    const end = await enterMtan(browser, app as never, lena.mobile, known)
    const tokens = await client.authorizationCodeGrant(second, new URL(end.url), { pkceCodeVerifier: verifier })
    return tokens.refresh_token ?? ''
  }

  /** Asks one process for an ID token, by the refresh token. */
  async function idToken(process: 0 | 1): Promise<string> {
    const tokens = await client.refreshTokenGrant(rps[process] as client.Configuration, refreshToken)
    refreshToken = tokens.refresh_token ?? refreshToken
    return tokens.id_token ?? ''
  }
  const kidOf = (token: string) => decodeProtectedHeader(token).kid ?? ''
  const keySet = async (process: 0 | 1): Promise<JSONWebKeySet> =>
    (await (await fetch(at(apps[process], '/oidc/jwks'))).json()) as JSONWebKeySet
  const kids = async (process: 0 | 1) => (await keySet(process)).keys.map(({ kid }) => kid ?? '').sort()
  const stands = (of: () => Promise<unknown>) => expect.poll(of, { interval: 100 })

  it('rotate under load: an application with a cached key set meets no token that it cannot verify', async () => {
    const before = await idToken(0)
    const first = kidOf(before)
    expect((await cli('keys:rotate', 'signing')).exitCode).toBe(0)
    for (const process of [0, 1] as const) await stands(async () => (await kids(process)).length).toBe(6)
    await renewKeySets()
    const cached = createLocalJWKSet(await keySet(1))
    // Published, but not for long enough.
    await fetch(at(apps[0], '/dev/jobs/run'), { method: 'POST' })
    for (const process of [0, 1] as const) expect(kidOf(await idToken(process))).toBe(first)
    await onServer(
      "update signing_keys set created_at = created_at - interval '25 hours' where state = 'next'",
      database.url,
    )
    const seen = new Set<string>()
    const moving = fetch(at(apps[1], '/dev/jobs/run'), { method: 'POST' })
    for (const end = Date.now() + 15_000; Date.now() < end; ) {
      const both = [kidOf(await verified(cached, await idToken(0))), kidOf(await verified(cached, await idToken(1)))]
      for (const kid of both) seen.add(kid)
      if (!both.includes(first)) break
    }
    await moving
    expect(seen.size).toBe(2)
    expect(kidOf(await idToken(0))).not.toBe(first)
    // Tokens of before stay good.
    for (const process of [0, 1] as const) await verified(createLocalJWKSet(await keySet(process)), before)
  })

  it('go at once when they have leaked: sessions and grants stay', async () => {
    const leaked = kidOf(await idToken(0))
    const { exitCode, out } = await cli('keys:revoke-signing', leaked)
    expect([exitCode, JSON.parse(out)]).toMatchObject([0, { revoked: [leaked], stillPublishing: [] }])
    for (const process of [0, 1] as const) {
      expect(await kids(process)).not.toContain(leaked)
      await renewKeySets()
      const token = await idToken(process)
      expect(kidOf(token)).not.toBe(leaked)
      await verified(createLocalJWKSet(await keySet(process)), token)
    }
    expect((await cli('keys:revoke-signing', leaked)).exitCode).toBe(1)
  })

  async function verified(set: ReturnType<typeof createLocalJWKSet>, token: string): Promise<string> {
    const { payload } = await jwtVerify(token, set, { issuer: variables.ISSUER, audience: 'demo-portal' })
    expect(payload.sub).toBeTruthy()
    return token
  }
})
