import { generateKeyPair, importJWK, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Browser, openBrowser } from './browser.ts'
import { claimsOf, type Demo, passIssuer, startDemo } from './demo.ts'

let demo: Demo

beforeAll(async () => {
  demo = await startDemo()
})
afterAll(() => demo.close())

async function signIn(username = 'lena.huber') {
  const browser = openBrowser()
  const page = await passIssuer(browser, await browser.get(`${demo.base}/login`), username)
  return { browser, sid: claimsOf(page, 'ID-Token').sid! }
}

const isSignedIn = async (browser: Browser) =>
  (await browser.get(`${demo.base}/signed-in`)).url.pathname === '/signed-in'

type Faults = { claims?: Record<string, unknown>; typ?: string | null; foreignKey?: boolean }

/** Signs a logout token as the issuer would, apart from the fault asked for. */
async function logoutToken({ claims = {}, typ = 'logout+jwt', foreignKey = false }: Faults): Promise<string> {
  const { issuer, key } = demo.issuer
  const now = Math.floor(Date.now() / 1000)
  const valid = {
    iss: issuer,
    aud: 'demo-portal',
    iat: now,
    exp: now + 120,
    jti: crypto.randomUUID(),
    events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
  }
  const payload = Object.fromEntries(Object.entries({ ...valid, ...claims }).filter(([, value]) => value !== undefined))
  const signer = foreignKey ? (await generateKeyPair('ES256')).privateKey : await importJWK(key, 'ES256')
  const header = { alg: 'ES256', kid: 'test', ...(typ && { typ }) }
  return await new SignJWT(payload).setProtectedHeader(header).sign(signer)
}

async function receive(token: string) {
  const body = new URLSearchParams({ logout_token: token })
  return await fetch(`${demo.base}/backchannel-logout`, { method: 'POST', body })
}

describe('signing out at the application', () => {
  it('ends the session here and at the issuer, and comes back with the right state', async () => {
    const { browser } = await signIn()
    const confirmation = await browser.post(`${demo.base}/sign-out`)
    expect(confirmation.url.origin).toBe(demo.issuer.issuer)
    expect(confirmation.url.searchParams.get('post_logout_redirect_uri')).toBe(`${demo.base}/`)
    expect(confirmation.url.searchParams.get('id_token_hint')).toMatch(/^eyJ/)
    expect(await isSignedIn(browser)).toBe(false)
    const home = await browser.submit(confirmation, 'form', { logout: 'yes' })
    expect(home.url.origin + home.url.pathname).toBe(`${demo.base}/`)
    expect(home.$('.notice').text()).toBe('Sie sind abgemeldet.')
    expect((await browser.get(`${demo.base}/login`)).$('input[name=login]')).toHaveLength(1)
  })

  it('says nothing of a sign-out that this browser did not ask for', async () => {
    const page = await openBrowser().get(`${demo.base}/?state=anything`)
    expect(page.$('.notice')).toHaveLength(0)
  })

  it('leaves the other sessions of the same person alone', async () => {
    const first = await signIn()
    const other = await signIn()
    const confirmation = await first.browser.post(`${demo.base}/sign-out`)
    await first.browser.submit(confirmation, 'form', { logout: 'yes' })
    expect(await isSignedIn(other.browser)).toBe(true)
  })
})

describe('receiving a logout token', () => {
  it('ends the session when the issuer says so', async () => {
    const { browser } = await signIn()
    // Signed out at the issuer by another of its applications: only the back channel tells the portal.
    const end = await browser.get(`${demo.issuer.issuer}/session/end?client_id=demo-portal`)
    await browser.submit(end, 'form', { logout: 'yes' })
    await expect.poll(() => isSignedIn(browser)).toBe(false)
  })

  it('ends exactly the session with that sid', async () => {
    const [gone, stays] = [await signIn(), await signIn()]
    const response = await receive(await logoutToken({ claims: { sid: gone.sid } }))
    expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-store'])
    expect([await isSignedIn(gone.browser), await isSignedIn(stays.browser)]).toEqual([false, true])
  })

  it('ends all sessions of a person when only sub is given', async () => {
    const [first, second, other] = [await signIn('max'), await signIn('max'), await signIn('erika')]
    expect((await receive(await logoutToken({ claims: { sub: 'max' } }))).status).toBe(200)
    const left = await Promise.all([first, second, other].map(({ browser }) => isSignedIn(browser)))
    expect(left).toEqual([false, false, true])
  })

  it('needs sid and sub to agree when both are given', async () => {
    const { browser, sid } = await signIn('max')
    expect((await receive(await logoutToken({ claims: { sid, sub: 'erika' } }))).status).toBe(200)
    expect(await isSignedIn(browser)).toBe(true)
  })

  it('takes a token once', async () => {
    const token = await logoutToken({ claims: { sub: 'nobody' } })
    expect([(await receive(token)).status, (await receive(token)).status]).toEqual([200, 400])
  })

  const past = Math.floor(Date.now() / 1000) - 3600
  const faults: [string, Faults][] = [
    ['another issuer', { claims: { iss: 'https://attacker.example' } }],
    ['another application', { claims: { aud: 'demo-spa' } }],
    ['no issuing time', { claims: { iat: undefined } }],
    ['an issuing time long ago', { claims: { iat: past } }],
    ['an end in the past', { claims: { exp: past } }],
    ['no jti', { claims: { jti: undefined } }],
    ['no events', { claims: { events: undefined } }],
    ['another event', { claims: { events: { 'urn:other': {} } } }],
    ['a nonce', { claims: { nonce: 'n' } }],
    ['neither sid nor sub', { claims: { sub: undefined } }],
    ['the type of an access token', { typ: 'at+jwt' }],
    ['a foreign signature', { foreignKey: true }],
  ]
  it.each(faults)('refuses a token with %s', async (_name, fault) => {
    const { browser } = await signIn('karl')
    const response = await receive(await logoutToken({ ...fault, claims: { sub: 'karl', ...fault.claims } }))
    expect([response.status, response.headers.get('cache-control')]).toEqual([400, 'no-store'])
    expect(await isSignedIn(browser)).toBe(true)
  })

  it('refuses an unsigned token and none at all', async () => {
    const [, payload] = (await logoutToken({ claims: { sub: 'karl' } })).split('.')
    const unsigned = `${Buffer.from('{"alg":"none","typ":"logout+jwt"}').toString('base64url')}.${payload}.`
    expect([(await receive(unsigned)).status, (await receive('')).status]).toEqual([400, 400])
  })
})
