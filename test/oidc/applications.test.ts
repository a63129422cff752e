import { createHash } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { askForTokens, authorizationUrl, authorize, claimsOf, exchange, signIn, userinfo } from './support/flows.ts'
import { type Harness, secret, startHarness } from './support/harness.ts'
import { createMemoryAdapter } from './support/memory-adapter.ts'

describe('applications', () => {
  let harness: Harness
  beforeAll(async () => {
    harness = await startHarness(createMemoryAdapter())
  })
  afterAll(() => harness.close())
  beforeEach(() => {
    harness.state.member = 'account-1'
    harness.state.logouts = []
  })

  it('tells first-party applications one subject and third parties one each', async () => {
    const sub = async (clientId: string) => {
      const tokens = await signIn(harness, harness.browser(), clientId)
      const { sub } = claimsOf(tokens.id_token)
      expect((await userinfo(harness.issuer, tokens.access_token)).body.sub).toBe(sub)
      return sub
    }
    expect(await sub('portal')).toBe('account-1')
    expect(await sub('spa')).toBe('account-1')
    const third = await sub('third')
    expect(third).toMatch(/^[\w-]{43}$/)
    expect(await sub('third')).toBe(third)
    expect(await sub('fourth')).not.toBe(third)
  })

  describe('calls from pages', () => {
    const call = (path: string, origin: string, init: RequestInit = {}) =>
      fetch(`${harness.issuer}${path}`, { method: 'POST', ...init, headers: { ...init.headers, origin } })

    it('lets the pages of a public client call token, userinfo and revocation', async () => {
      const origin = 'https://spa.example'
      const authorized = await authorize(harness.browser(), 'spa')
      const body = new URLSearchParams({
        grant_type: 'authorization_code',
        client_id: 'spa',
        code: authorized.answer.code ?? '',
        code_verifier: authorized.verifier,
        redirect_uri: authorized.redirectUri,
      })
      const answer = await call('/oidc/token', origin, { body })
      expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, origin])
      const { access_token } = (await answer.json()) as { access_token: string }
      const headers = { authorization: `Bearer ${access_token}` }
      const user = await call('/oidc/userinfo', origin, { headers })
      expect([user.status, user.headers.get('access-control-allow-origin')]).toEqual([200, origin])
      const foreign = await call('/oidc/userinfo', 'https://evil.example', { headers })
      expect([foreign.status, foreign.headers.get('access-control-allow-origin')]).toEqual([400, null])
      const revoked = await call('/oidc/token/revocation', origin, {
        body: new URLSearchParams({ token: access_token, client_id: 'spa' }),
      })
      expect([revoked.status, revoked.headers.get('access-control-allow-origin')]).toEqual([200, origin])
      expect((await call('/oidc/userinfo', origin, { headers })).status).toBe(401)
    })

    it('keeps the pages of a confidential client out', async () => {
      const { access_token } = await signIn(harness, harness.browser(), 'portal')
      const headers = { authorization: `Bearer ${access_token}` }
      const answer = await call('/oidc/userinfo', 'https://portal.example', { headers })
      expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([400, null])
    })
  })

  describe('introspection', () => {
    const introspect = async (clientId: string, token: string) => {
      const authorization = `Basic ${Buffer.from(`${clientId}:${secret}`).toString('base64')}`
      const body = new URLSearchParams({ token })
      const url = `${harness.issuer}/oidc/token/introspection`
      return await (await fetch(url, { method: 'POST', headers: { authorization }, body })).json()
    }

    it('tells first-party servers about every token and third parties about their own', async () => {
      const { access_token } = await signIn(harness, harness.browser(), 'portal')
      expect(await introspect('service', access_token)).toMatchObject({ active: true, client_id: 'portal' })
      expect(await introspect('third', access_token)).toEqual({ active: false })
      const own = await signIn(harness, harness.browser(), 'third')
      expect(await introspect('third', own.access_token)).toMatchObject({ active: true, client_id: 'third' })
    })
  })

  it('signs out everywhere: session, tokens, and a logout token in the queue', async () => {
    const browser = harness.browser()
    const tokens = await signIn(harness, browser, 'portal')
    await signIn(harness, browser, 'third')
    const query = new URLSearchParams({
      id_token_hint: tokens.id_token,
      post_logout_redirect_uri: 'https://portal.example/',
      state: 's',
    })
    const { response } = await browser.visit(`/oidc/logout?${query}`)
    expect(response.headers.get('content-security-policy')).toContain("form-action 'self' https://portal.example")
    expect(await response.text()).toContain('content="0; url=https://portal.example/?state=s"')
    const logoutOf = (name: string) => harness.state.logouts.filter(({ clientId }) => clientId === name)
    for (const name of ['portal', 'third'])
      expect(logoutOf(name)).toMatchObject([{ url: 'https://portal.example/backchannel' }])
    const [first, second] = ['portal', 'third'].map((name) => claimsOf(logoutOf(name)[0]?.logoutToken ?? ''))
    const { sid } = claimsOf(tokens.id_token)
    const events = { 'http://schemas.openid.net/event/backchannel-logout': {} }
    expect(first).toMatchObject({ iss: harness.issuer, aud: 'portal', sub: 'account-1', sid, events })
    expect(first).not.toHaveProperty('nonce')
    expect(second?.sub).toMatch(/^[\w-]{43}$/)
    expect((await userinfo(harness.issuer, tokens.access_token)).status).toBe(401)
    expect((await authorize(browser, 'portal', { prompt: 'none' })).answer.error).toBe('login_required')
  })

  it('leads back only to registered addresses after signing out', async () => {
    const query = new URLSearchParams({ client_id: 'portal', post_logout_redirect_uri: 'https://evil.example/' })
    const { response, away } = await harness.browser().visit(`/oidc/logout?${query}`)
    expect([response.status, away, response.url]).toEqual([
      200,
      undefined,
      `${harness.issuer}/oidc/logout/success?client_id=portal&stranded=1`,
    ])
    expect(await response.text()).not.toContain('evil')
  })

  it('answers 413 to a body over the limit and 400 to a repeated parameter', async () => {
    const url = `${harness.issuer}/oidc/token`
    const post = (body: string) =>
      fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/x-www-form-urlencoded' } })
    expect((await post(`grant_type=refresh_token&refresh_token=${'x'.repeat(70_000)}`)).status).toBe(413)
    expect((await post('client_id=spa&grant_type=refresh_token&grant_type=refresh_token')).status).toBe(400)
    expect((await post('client_id=spa&client_id=spa&grant_type=refresh_token')).status).toBe(400)
    const twice = 'client_id=spa&grant_type=refresh_token&refresh_token=a&refresh_token=b'
    const answer = await post(twice)
    expect([answer.status, ((await answer.json()) as { error: string }).error]).toEqual([400, 'invalid_request'])
  })

  it('keeps its cookies from scripts and from other sites, and binds those of a sign-in to their path', async () => {
    const browser = harness.browser()
    const { url } = authorizationUrl('portal')
    const response = await browser.request(url)
    const cookies = response.headers.getSetCookie()
    expect(cookies.length).toBeGreaterThan(0)
    for (const cookie of cookies) expect(cookie.toLowerCase()).toMatch(/httponly/)
    for (const cookie of cookies) expect(cookie.toLowerCase()).toContain('samesite=lax')
    expect(cookies.find((cookie) => cookie.startsWith('interaction='))).toMatch(/path=\/anmeldung\/[\w-]+;/)
    await browser.visit(response.headers.get('location') ?? '')
    expect(browser.cookies().find(({ name }) => name === 'session')?.path).toBe('/')
  })

  it('names its cookies for https, whatever the protocol of the connection behind a proxy', async () => {
    const https = await startHarness(createMemoryAdapter(), { issuer: 'https://anmeldung.example' })
    const { url } = authorizationUrl('portal')
    const response = await fetch(`${https.issuer}${url}`, { redirect: 'manual' })
    const names = response.headers.getSetCookie().map((cookie) => cookie.split('=')[0])
    expect(names).toEqual(expect.arrayContaining(['__Secure-interaction', '__Secure-resume']))
    for (const cookie of response.headers.getSetCookie()) expect(cookie.toLowerCase()).toContain('; secure')
    await https.close()
  })

  it('refuses what is not meant for a public client: a secret, a code of another', async () => {
    const authorized = await authorize(harness.browser(), 'spa')
    const body = {
      grant_type: 'authorization_code',
      code: authorized.answer.code ?? '',
      redirect_uri: authorized.redirectUri,
    }
    expect((await askForTokens(harness.issuer, 'spa', body)).body.error).toBe('invalid_grant')
    const verifier = createHash('sha256').update('other').digest('base64url')
    expect((await exchange(harness.issuer, 'spa', { ...authorized, verifier })).body.error).toBe('invalid_grant')
  })

  it('carries no fault', () => expect(harness.state.faults).toEqual([]))
})
