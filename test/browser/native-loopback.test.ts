import { createHash, randomBytes } from 'node:crypto'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { lena } from '../support/walk.ts'
import { enterPassword, heading, press, smsAfter, type } from './steps.ts'
import { openStudio, type Studio, withoutChromium } from './studio.ts'

const folder = mkdtempSync(join(tmpdir(), 'aok-native-'))
const servers: Server[] = []
let studio: Studio

/** Loopback in every spelling (RFC 8252 § 7.3), without a port, as the operator registers it. */
const hosts = ['127.0.0.1', '[::1]', 'localhost']
const ownScheme = 'org.example.app:/cb'

function writeConfig(): string {
  cpSync(fileURLToPath(new URL('../../config', import.meta.url)), join(folder, 'config'), { recursive: true })
  const app = {
    ...{ client_id: 'native-app', name: 'App am Rechner', kind: 'native', first_party: true, reviewed: true },
    redirect_uris: [...hosts.map((host) => `http://${host}/cb`), ownScheme],
    post_logout_redirect_uris: hosts.map((host) => `http://${host}/out`),
    scopes: ['openid'],
  }
  writeFileSync(join(folder, 'config/clients.yaml'), `clients:\n  - ${JSON.stringify(app)}\n`)
  return join(folder, 'config')
}

/** The application listens on a port that the system gives it. */
async function listenAt(host: string): Promise<string> {
  const server = createServer((_request, response) => {
    response.setHeader('Content-Type', 'text/html; charset=utf-8')
    response.end('<!doctype html><title>App</title><h1>Zurück in der App</h1>')
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, host.replace(/[[\]]/g, ''), resolve))
  return `http://${host}:${(server.address() as AddressInfo).port}`
}

function requestOf(redirectUri: string): string {
  const challenge = createHash('sha256').update(randomBytes(32).toString('base64url')).digest('base64url')
  const parameters = {
    ...{ client_id: 'native-app', redirect_uri: redirectUri, response_type: 'code', scope: 'openid', state: 's' },
    ...{ code_challenge: challenge, code_challenge_method: 'S256' },
  }
  return `${studio.app.issuer}/oidc/auth?${new URLSearchParams(parameters)}`
}

async function passSignIn(page: Page): Promise<void> {
  const sms = await smsAfter(studio.app, lena.mobile, async () => {
    await enterPassword(page, lena)
    await page.waitForURL(/\/mtan$/)
  })
  await type(page, 'mTAN', sms.code ?? '')
  await press(page, 'Weiter')
}

/** A profile without the watch over foreign hosts: the application is one. */
async function openProfile(): Promise<{ context: BrowserContext; page: Page; complaints: string[] }> {
  const { context, page } = await studio.visit()
  const complaints: string[] = []
  page.on(
    'console',
    (message) => void (/Content Security Policy/.test(message.text()) && complaints.push(message.text())),
  )
  return { context, page, complaints }
}

describe.skipIf(withoutChromium)('an application on the device, in Chromium', () => {
  beforeAll(async () => {
    studio = await openStudio({ CONFIG_DIR: writeConfig() }, ['127.0.0.1', '::1', '[::1]'])
  })
  afterAll(async () => {
    await studio?.close()
    for (const server of servers) server.close()
    rmSync(folder, { recursive: true })
  })

  it.each(hosts)('on http://%s with a free port gets its answer, and is let out when signing out', async (host) => {
    const origin = await listenAt(host)
    const { context, page, complaints } = await openProfile()
    await page.goto(requestOf(`${origin}/cb`))
    await page.waitForURL(/\/passwort$/)
    await passSignIn(page)
    await page.waitForURL(`${origin}/cb?**`)
    await heading(page, 'Zurück in der App')
    expect(new URL(page.url()).searchParams.get('code')).toBeTruthy()
    const query = new URLSearchParams({
      client_id: 'native-app',
      post_logout_redirect_uri: `${origin}/out`,
      state: 'x',
    })
    await page.goto(`${studio.app.issuer}/oidc/logout?${query}`)
    await press(page, 'Abmelden')
    await page.waitForURL(`${origin}/out?state=x`)
    expect(complaints).toEqual([])
    await context.close()
  })

  it.each(hosts)('on http://%s is told that the person cancelled', async (host) => {
    const origin = await listenAt(host)
    const { context, page } = await openProfile()
    await page.goto(requestOf(`${origin}/cb`))
    await page.waitForURL(/\/passwort$/)
    await press(page, 'Abbrechen')
    await page.waitForURL(`${origin}/cb?**`)
    expect(new URL(page.url()).searchParams.get('error')).toBe('access_denied')
    await context.close()
  })

  it('with a scheme of its own is let out, and no policy opens http for all', async () => {
    const { context, page, complaints } = await openProfile()
    const policies: string[] = []
    page.on('response', (response) => {
      const policy = response.headers()['content-security-policy']
      if (policy) policies.push(policy)
    })
    await page.goto(requestOf(ownScheme))
    await page.waitForURL(/\/passwort$/)
    await press(page, 'Abbrechen')
    await expect.poll(() => complaints).toEqual([])
    expect(policies.some((policy) => policy.includes("form-action 'self' org.example.app:"))).toBe(true)
    for (const policy of policies) expect(policy).toMatch(/form-action 'self'[^;]*;/)
    for (const policy of policies) expect(policy).not.toMatch(/form-action[^;]*(\*|http:(\s|;))/)
    await context.close()
  })
})
