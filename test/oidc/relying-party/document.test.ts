import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { importJWK, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { knownKeys } from '../../../src/config/clients/schema.ts'
import { loadClients } from '../../../src/config/clients.ts'
import { freePort } from '../../support/servers/processes.ts'
import { type BareIssuer, startBareIssuer, takePlace } from './bare-issuer.ts'
import { openBrowser, type Page } from './browser.ts'
import { passIssuer } from './demo.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const document = readFileSync(`${root}docs/integrate.md`, 'utf8')

/** All code blocks of the document that carry this mark, one after the other. */
function codeOf(mark: string): string {
  const blocks = document.matchAll(new RegExp(`<!-- test: ${mark} -->\\n\`\`\`\\w+\\n([\\s\\S]*?)\\n\`\`\``, 'g'))
  return [...blocks].map(([, code]) => code).join('\n\n')
}

type Entry = {
  client_id: string
  redirect_uris: string[]
  post_logout_redirect_uris: string[]
  backchannel_logout_uri: string
  scopes: string[]
  token_endpoint_auth_method: 'client_secret_basic'
}

const secret = 'a-secret-of-the-document-with-enough-characters'
const folder = mkdtempSync(join(root, 'node_modules/.integrate-'))
let base: string
let issuer: BareIssuer
let application: ChildProcess

beforeAll(async () => {
  const port = await freePort()
  base = `http://localhost:${port}`
  const place = await takePlace()
  issuer = await startBareIssuer(place, [registrationOf(port)])
  const file = join(folder, 'relying-party.mjs')
  writeFileSync(file, codeOf('relying-party'))
  const env = { PATH: process.env.PATH, ISSUER: issuer.issuer, CLIENT_SECRET: secret, PORT: String(port) }
  application = spawn(process.execPath, [file], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise<void>((resolve, reject) => {
    application.stdout!.on('data', (line) => String(line).includes(`listening on ${base}`) && resolve())
    application.once('exit', (code) => reject(new Error(`the document's code ended with ${code}`)))
  })
})

afterAll(async () => {
  application?.kill()
  await issuer?.close()
  rmSync(folder, { recursive: true, force: true })
})

/** The document's registration, moved to the port of this run. */
function registrationOf(port: number) {
  const { clients } = parse(codeOf('clients-yaml').replaceAll('4000', String(port))) as { clients: Entry[] }
  const [entry] = clients
  return {
    client_id: entry!.client_id,
    client_secret: secret,
    redirect_uris: entry!.redirect_uris,
    post_logout_redirect_uris: entry!.post_logout_redirect_uris,
    backchannel_logout_uri: entry!.backchannel_logout_uri,
    backchannel_logout_session_required: true,
    token_endpoint_auth_method: entry!.token_endpoint_auth_method,
    grant_types: ['authorization_code', 'refresh_token'],
  }
}

const shown = (page: Page) => JSON.parse(page.html) as Record<string, unknown>

async function signIn() {
  const browser = openBrowser()
  const page = await passIssuer(browser, await browser.get(`${base}/login`))
  return { browser, page }
}

/** A sign-in given up on the issuer's page, and the answer that leads back. */
async function cancel() {
  const browser = openBrowser()
  const interaction = await browser.get(`${base}/login`)
  const abort = new URL(interaction.$('a[href$="/abort"]').attr('href')!, interaction.url).href
  return { browser, answer: await browser.stopBefore(abort, `${base}/callback`) }
}

describe('the registration of docs/integrate.md', () => {
  const file = join(folder, 'clients.yaml')
  const secretOf = (recipe: string) => execFileSync('sh', ['-c', recipe], { encoding: 'utf8' }).trim()

  it('is taken by the issuer, with a secret by the recipe, without a warning', () => {
    writeFileSync(file, codeOf('clients-yaml'))
    const recipe = /MY_APPLICATION_SECRET=\$\(([^)]+)\)/.exec(document)?.[1] ?? ''
    const environment = { MY_APPLICATION_SECRET: secretOf(recipe) }
    const { clients, warnings } = loadClients({ file: { path: file }, environment, baseDir: folder })
    expect(clients).toMatchObject([{ clientId: 'my-application', contacts: ['team@example.org'] }])
    expect(warnings).toEqual([])
  })

  it('has every field of the schema in its table, and no other', () => {
    const table = document.slice(document.indexOf('| field | meaning |'), document.indexOf('Start the issuer with'))
    const rows = table.split('\n').flatMap((row) => row.split('|')[1]?.match(/`\w+`/g) ?? [])
    expect(rows.map((name) => name.slice(1, -1)).sort()).toEqual([...knownKeys.client].sort())
  })
})

describe('the application of docs/integrate.md', () => {
  it('signs in and shows the claims', async () => {
    const { page } = await signIn()
    expect(page.url.href).toBe(`${base}/`)
    expect(shown(page)).toMatchObject({
      page: 'signed in',
      person: { sub: 'lena.huber', name: 'Lena Huber', insurance_number: 'C771029455' },
    })
  })

  it('renews its tokens as often as it likes, also twice at once', async () => {
    const { browser } = await signIn()
    await Promise.all([browser.post(`${base}/renew`), browser.post(`${base}/renew`)])
    expect(shown(await browser.post(`${base}/renew`))).toMatchObject({ page: 'signed in' })
  })

  it('asks for a fresh sign-in before something sensitive and comes back to it', async () => {
    const { browser } = await signIn()
    const page = await passIssuer(browser, await browser.get(`${base}/bank-details`))
    expect(page.url.href).toBe(`${base}/bank-details`)
    expect(shown(page).signedInSecondsAgo).toBeLessThan(30)
  })

  it('does not take an old sign-in for a fresh one', async () => {
    const { browser } = await signIn()
    const begin = await browser.stopBefore(`${base}/bank-details`, issuer.issuer)
    begin.searchParams.delete('max_age')
    const page = await passIssuer(browser, await browser.get(begin.href))
    expect([page.status, shown(page).page]).toEqual([400, 'not signed in'])
  })

  it('says when a sign-in was cancelled', async () => {
    const { browser, answer } = await cancel()
    const page = await browser.get(answer.href)
    expect([page.status, shown(page)]).toEqual([400, { page: 'not signed in', error: 'access_denied' }])
  })

  it.each([
    ['state', 'x'],
    ['iss', 'https://attacker.example'],
  ])('refuses an answer with a foreign %s', async (name, value) => {
    const { browser, answer } = await cancel()
    answer.searchParams.set(name, value)
    const page = await browser.get(answer.href)
    expect([page.status, shown(page)]).toEqual([400, { page: 'not signed in', error: 'OAUTH_INVALID_RESPONSE' }])
  })

  it('signs out here and at the issuer', async () => {
    const { browser } = await signIn()
    const confirmation = await browser.post(`${base}/logout`)
    const page = await browser.submit(confirmation, 'form', { logout: 'yes' })
    expect(shown(page)).toMatchObject({ page: 'start' })
    expect((await browser.get(`${base}/login`)).$('input[name=login]')).toHaveLength(1)
  })

  it('ends the session when the issuer says so', async () => {
    const { browser } = await signIn()
    const end = await browser.get(`${issuer.issuer}/session/end`)
    await browser.submit(end, 'form', { logout: 'yes' })
    expect(shown(await browser.get(`${base}/`))).toMatchObject({ page: 'start' })
  })

  it('takes no logout token that is not one', async () => {
    const { browser } = await signIn()
    const payload = {
      sub: 'lena.huber',
      jti: 'one',
      events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
    }
    const sign = async (typ: string, claims: Record<string, unknown>) =>
      await new SignJWT({ ...payload, ...claims })
        .setProtectedHeader({ alg: 'ES256', kid: 'test', typ })
        .setIssuer(issuer.issuer)
        .setAudience('my-application')
        .setIssuedAt()
        .setExpirationTime('2 minutes')
        .sign(await importJWK(issuer.key, 'ES256'))
    const faults = [
      await sign('JWT', {}),
      await sign('logout+jwt', { nonce: 'n' }),
      await sign('logout+jwt', { events: {} }),
    ]
    for (const token of faults) {
      const body = new URLSearchParams({ logout_token: token })
      expect((await fetch(`${base}/backchannel-logout`, { method: 'POST', body })).status).toBe(400)
    }
    expect(shown(await browser.get(`${base}/`))).toMatchObject({ page: 'signed in' })
  })
})
