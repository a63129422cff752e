import { createHash, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.ts'
import { type Client, createClient, ownAddress, type Page } from '../../support/client.ts'
import { ask } from '../../support/stores/database.ts'
import { begin, enterMtan, enterPassword, lena, signInAgain } from '../../support/walk.ts'

let app: TestApp
beforeAll(async () => {
  app = await startTestApp({ TRUST_PROXY: 'true' })
})
afterAll(() => app?.close())

const own = () => ({ Origin: app.issuer })
const text = (page: Page) => page.$('main').text().replace(/\s+/g, ' ')
const redirectUri = () => `${app.demo}/spa.html`

let signIns = 0

/** Signs in at the demo's browser application, which has no secret; answers its ID token. */
async function signIn(client: Client = createClient(ownAddress())) {
  const verifier = randomBytes(32).toString('base64url')
  const query = new URLSearchParams({
    client_id: 'demo-spa',
    redirect_uri: redirectUri(),
    response_type: 'code',
    scope: 'openid',
    state: 's',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  })
  // Ten mTANs an hour and thirty a day go to one number.
  if (++signIns % 9 === 0) await app.advance('P1D')
  const known = (await app.inbox.list('sms', lena.mobile)).length
  let page = await client.get(`${app.issuer}/oidc/auth?${query}`)
  if (page.heading === 'Anmelden') {
    await enterPassword(client, lena)
    page = await enterMtan(client, app, lena.mobile, known)
  }
  const body = new URLSearchParams({
    grant_type: 'authorization_code',
    client_id: 'demo-spa',
    code: new URL(page.url).searchParams.get('code') ?? '',
    redirect_uri: redirectUri(),
    code_verifier: verifier,
  })
  const answer = (await (await fetch(`${app.issuer}/oidc/token`, { method: 'POST', body })).json()) as Tokens
  expect(answer.id_token).toBeTruthy()
  return { client, idToken: answer.id_token, accessToken: answer.access_token }
}
type Tokens = { id_token: string; access_token: string }

const endSession = (parameters: Record<string, string | undefined>) =>
  `${app.issuer}/oidc/logout?${new URLSearchParams(
    Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )}`

/** Whether the browser is signed in at the issuer. */
async function lives(client: Client): Promise<boolean> {
  const url = new URL(`${app.issuer}/oidc/auth`)
  const challenge = createHash('sha256').update('v'.repeat(43)).digest('base64url')
  const parameters = {
    ...{ client_id: 'demo-spa', redirect_uri: redirectUri(), response_type: 'code', scope: 'openid', prompt: 'none' },
    ...{ code_challenge: challenge, code_challenge_method: 'S256' },
  }
  url.search = String(new URLSearchParams(parameters))
  const answer = await client.peek(url.href)
  return new URL(answer.headers.get('location') ?? '').searchParams.has('code')
}

/** The page says that the person is signed out, and leads on by itself to this address. */
function expectSignedOut(page: Page, refresh: string | undefined): void {
  expect([page.status, page.heading]).toEqual([200, 'Sie sind abgemeldet'])
  expect(page.$('meta[http-equiv="refresh"]').attr('content')).toBe(refresh && `0; url=${refresh}`)
  expect(page.$('main button, main a.button').length).toBeGreaterThan(0)
}

describe('a sign-out with an ID token of this session', () => {
  it('asks nothing, ends everything, and goes on to the application with its state', async () => {
    const { client, idToken, accessToken } = await signIn()
    const page = await client.get(
      endSession({ id_token_hint: idToken, post_logout_redirect_uri: redirectUri(), state: 'a&b=ü' }),
    )
    const onward = `${redirectUri()}?state=a%26b%3D%C3%BC`
    expectSignedOut(page, onward)
    expect(page.$('[name="logout"]')).toHaveLength(0)
    expect(page.headers.get('content-security-policy')).toContain(`form-action 'self' ${app.demo};`)
    expect(await lives(client)).toBe(false)
    const headers = { Authorization: `Bearer ${accessToken}` }
    expect((await fetch(`${app.issuer}/oidc/userinfo`, { headers })).status).toBe(401)
    // Without a browser that goes on by itself, the button does.
    const form = page.$('#op\\.logoutForm')
    const fields = new URLSearchParams(form.serializeArray().map(({ name, value }): [string, string] => [name, value]))
    const next = await client.peek(`${app.issuer}${form.attr('action')}?${fields}`)
    expect([next.status, next.headers.get('location')]).toEqual([303, onward])
  })

  it('tells the other applications of the session, and the audit log', async () => {
    const { client } = await signIn()
    await begin(client, app)
    const count = async (sql: string) => (await ask<{ count: number }>(app, sql))[0]?.count ?? 0
    const tokens = () => count("select count(*)::int as count from messages where kind = 'backchannel_logout'")
    const events = () => count("select count(*)::int as count from audit_events where type = 'signed_out'")
    const before = [await tokens(), await events()] as const
    const { idToken } = await signIn(client)
    expectSignedOut(await client.get(endSession({ id_token_hint: idToken })), undefined)
    expect(await tokens()).toBe(before[0] + 1)
    await expect.poll(events).toBe(before[1] + 1)
  })

  it('needs no address to lead to, and leads to none that is not registered', async () => {
    for (const address of [`${app.demo}/spa.html/`, 'https://evil.example/', 'javascript:alert(1)', 'x', undefined]) {
      const { client, idToken } = await signIn()
      const page = await client.get(endSession({ id_token_hint: idToken, post_logout_redirect_uri: address }))
      expectSignedOut(page, undefined)
      expect(text(page).includes('kennen wir nicht')).toBe(address !== undefined)
      const leads = page.$('main a, main form, main input, meta').toArray()
      const values = leads.flatMap((each) =>
        ['href', 'action', 'value', 'content'].map((name) => page.$(each).attr(name)),
      )
      expect(values.filter((value) => /evil|javascript|spa.html\//.test(value ?? ''))).toEqual([])
      expect(await lives(client)).toBe(false)
    }
  })

  it('works as a form of the application, from its own site', async () => {
    const { client, idToken } = await signIn()
    const cookies = new Map(client.cookies)
    client.clearCookies()
    const fields = { id_token_hint: idToken, post_logout_redirect_uri: redirectUri() }
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded', Origin: 'https://portal.example' }
    const body = String(new URLSearchParams(fields))
    const answer = await client.send(`${app.issuer}/oidc/logout`, { method: 'POST', body, headers }, false)
    for (const [key, cookie] of cookies) client.cookies.set(key, cookie)
    expect(answer.status).toBe(303)
    expectSignedOut(await client.get(answer.headers.get('location') ?? ''), redirectUri())
    expect(await lives(client)).toBe(false)
  })

  it('ends nothing by HEAD', async () => {
    const { client, idToken } = await signIn()
    await client.send(endSession({ id_token_hint: idToken }), { method: 'HEAD' })
    expect(await lives(client)).toBe(true)
  })
})

describe('every other sign-out', () => {
  const changed = (token: string) => `${token.slice(0, -4)}AAAA`
  const requests: [string, (own: string, foreign: string) => Record<string, string | undefined>][] = [
    ['nothing', () => ({})],
    ['client_id alone', () => ({ client_id: 'demo-spa', post_logout_redirect_uri: redirectUri() })],
    ['an unknown client_id', () => ({ client_id: 'nobody', post_logout_redirect_uri: redirectUri() })],
    ['a token of another session', (_own, foreign) => ({ id_token_hint: foreign })],
    ['a token that was changed', (token) => ({ id_token_hint: changed(token) })],
    ['no token at all', () => ({ id_token_hint: 'nonsense' })],
    ['a client_id that is not the token’s', (token) => ({ id_token_hint: token, client_id: 'demo-portal' })],
    ['an unregistered address', () => ({ client_id: 'demo-spa', post_logout_redirect_uri: 'https://evil.example/' })],
    ['a logout_hint', () => ({ logout_hint: 'somebody', ui_locales: 'de' })],
  ]
  it.each(requests)('is asked, with %s, and the button ends it', async (_name, parameters) => {
    const { client, idToken } = await signIn()
    const other = await signIn()
    const given = parameters(idToken, other.idToken)
    const page = await client.get(endSession(given))
    expect([page.status, page.heading]).toEqual([200, 'Möchten Sie sich abmelden?'])
    expect(text(page)).not.toMatch(/Anmeldung nicht beginnen/)
    expect(text(page).includes('kennen wir nicht')).toBe(/evil|nobody/.test(JSON.stringify(given)))
    const form = client.form({ logout: 'yes' }, { button: 'Abmelden' })
    expect(await lives(client)).toBe(true)
    const end = await client.post(form.target, form.body, own())
    if (given.client_id === 'demo-spa' && given.post_logout_redirect_uri === redirectUri())
      expect(end.url).toBe(redirectUri())
    else expect([end.status, end.heading]).toEqual([200, 'Sie sind abgemeldet'])
    expect(await lives(client)).toBe(false)
  })

  it('counts a repeated parameter as none', async () => {
    const { client, idToken } = await signIn()
    const url = `${endSession({ id_token_hint: idToken, client_id: 'demo-spa' })}&client_id=demo-spa&state=a&state=b`
    expectSignedOut(await client.get(url), undefined)
  })

  it('stays signed in when the person says so, and leaves the one application', async () => {
    const { client, accessToken } = await signIn()
    await client.get(endSession({ client_id: 'demo-spa' }))
    const form = client.form({}, { button: 'Angemeldet bleiben' })
    const page = await client.post(form.target, form.body, own())
    expect(page.heading).toMatch(/^Sie sind bei Bonus-App .* abgemeldet$/)
    expect(await lives(client)).toBe(true)
    const headers = { Authorization: `Bearer ${accessToken}` }
    expect((await fetch(`${app.issuer}/oidc/userinfo`, { headers })).status).toBe(401)
  })
})

describe('a sign-out in several tabs', () => {
  it('ends from the older one as from the newer one, and once more changes nothing', async () => {
    const { client } = await signIn()
    const tabs = []
    for (let n = 0; n < 3; n++) {
      await client.get(endSession({ client_id: 'demo-spa', post_logout_redirect_uri: redirectUri(), state: `${n}` }))
      tabs.push(client.form({ logout: 'yes' }, { button: 'Abmelden' }))
    }
    for (const [n, form] of tabs.entries()) {
      expect((await client.post(form.target, form.body, own())).url).toBe(`${redirectUri()}?state=${n}`)
      expect(await lives(client)).toBe(false)
    }
    // Reload of the address that the form was sent to, and of the question.
    for (const address of ['/oidc/logout/answer', '/oidc/logout'])
      expectSignedOut(await client.get(`${app.issuer}${address}`), undefined)
  })

  it('pressed 16 times at once ends as one', async () => {
    const { client } = await signIn()
    await client.get(endSession({ client_id: 'demo-spa' }))
    const form = client.form({ logout: 'yes' }, { button: 'Abmelden' })
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded', ...own() }
    const answers = await Promise.all(
      Array.from({ length: 16 }, () => client.send(form.target, { method: 'POST', body: form.body, headers }, false)),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([303]))
    expect(await lives(client)).toBe(false)
  })

  it('signs out of a session that began after the page was opened, by its button', async () => {
    const { client } = await signIn()
    await client.get(endSession({}))
    const form = client.form({ logout: 'yes' }, { button: 'Abmelden' })
    await client.post(form.target, form.body, own())
    await signIn(client)
    await client.post(form.target, form.body, own())
    expect(await lives(client)).toBe(false)
  })

  it('is not pressed by another site, nor by a form that was not made here', async () => {
    const { client } = await signIn()
    await client.get(endSession({}))
    const form = client.form({ logout: 'yes' }, { button: 'Abmelden' })
    const tries: [string, Record<string, string>][] = [
      [form.body, { Origin: 'https://evil.example' }],
      [form.body, { Origin: 'null' }],
      ['logout=yes', {}],
      ['logout=yes&proof=nonsense', {}],
    ]
    for (const [body, headers] of tries) {
      expect((await client.post(form.target, body, headers)).heading).toBe('Möchten Sie sich abmelden?')
      expect(await lives(client)).toBe(true)
    }
    // An old browser tells no origin, its form does.
    await client.post(form.target, form.body)
    expect(await lives(client)).toBe(false)
  })
})

describe('without a session', () => {
  it('says that nobody is signed in, or goes on to the registered address', async () => {
    const client = createClient(ownAddress())
    const { idToken } = await signIn()
    expectSignedOut(await client.get(endSession({})), undefined)
    expectSignedOut(await client.get(endSession({ post_logout_redirect_uri: 'https://evil.example/' })), undefined)
    const given = { id_token_hint: idToken, post_logout_redirect_uri: redirectUri(), state: 'x' }
    expect((await client.get(endSession(given))).url).toBe(`${redirectUri()}?state=x`)
  })
})

it('records in the audit log that a member signed out', async () => {
  const client = createClient()
  const rows = () => ask(app, "select account_id, data from audit_events where type = 'signed_out'")
  await signInAgain(client, app, lena)
  const before = (await rows()).length
  await client.post(`${app.demo}/sign-out`, {}, { origin: app.demo })
  expect(client.page().heading).toBe('Sie sind abgemeldet')
  await expect.poll(async () => (await rows()).length).toBe(before + 1)
  expect(JSON.stringify(await rows())).toContain('demo-portal')
})
