import { createLocalJWKSet, jwtVerify } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { passwordMtanAcr } from '../../src/domain/factors.ts'
import { authorizationUrl, authorize, claimsOf, exchange, signIn, userinfo } from './support/flows.ts'
import { type Harness, startHarness } from './support/harness.ts'
import { createMemoryAdapter } from './support/memory-adapter.ts'

describe('authorization', () => {
  let harness: Harness
  beforeAll(async () => {
    harness = await startHarness(createMemoryAdapter())
  })
  afterAll(() => harness.close())
  beforeEach(() => {
    Object.assign(harness.state, { member: 'account-1', acr: passwordMtanAcr, interactions: [], faults: [] })
    harness.state.consents.clear()
    harness.state.active.add('account-1')
  })
  const prompts = () => harness.state.interactions.map(({ prompt }) => prompt)

  it('publishes what applications may use, at the issuer, whatever the Host header says', async () => {
    for (const path of ['openid-configuration', 'oauth-authorization-server']) {
      const response = await fetch(`${harness.issuer}/.well-known/${path}`, { headers: { 'x-forwarded-host': 'evil' } })
      expect(await response.json()).toMatchObject({
        issuer: harness.issuer,
        authorization_endpoint: `${harness.issuer}/oidc/auth`,
        jwks_uri: `${harness.issuer}/oidc/jwks`,
        response_types_supported: ['code'],
        response_modes_supported: ['query', 'form_post'],
        grant_types_supported: expect.not.arrayContaining(['implicit', 'password']),
        code_challenge_methods_supported: ['S256'],
        scopes_supported: ['openid', 'profile', 'email', 'phone', 'insurance', 'offline_access'],
        subject_types_supported: ['public', 'pairwise'],
        acr_values_supported: [passwordMtanAcr],
        id_token_signing_alg_values_supported: ['ES256', 'RS256', 'PS256'],
        authorization_response_iss_parameter_supported: true,
        backchannel_logout_supported: true,
        backchannel_logout_session_supported: true,
        claims_supported: expect.arrayContaining(['given_name', 'insurance_number', 'acr']),
      })
    }
  })

  it('answers with code, state and iss; the ID token says how and when, userinfo says who', async () => {
    const browser = harness.browser()
    const authorized = await authorize(browser, 'portal', { scope: 'openid profile email', nonce: 'n-1' })
    expect(authorized.answer).toEqual({ code: expect.any(String), state: 'state-1', iss: harness.issuer })
    const { body } = await exchange(harness.issuer, 'portal', authorized)
    expect(body.expires_in).toBe(600)
    const keys = await (await fetch(`${harness.issuer}/oidc/jwks`)).json()
    const { payload, protectedHeader } = await jwtVerify(body.id_token, createLocalJWKSet(keys as never))
    expect(protectedHeader.alg).toBe('RS256')
    expect(payload).toMatchObject({ sub: 'account-1', acr: passwordMtanAcr, amr: ['pwd', 'sms', 'mfa'], nonce: 'n-1' })
    expect(payload).toMatchObject({ auth_time: expect.any(Number), sid: expect.any(String), aud: 'portal' })
    expect(payload).not.toHaveProperty('email')
    const { body: claims } = await userinfo(harness.issuer, body.access_token)
    expect(claims).toEqual({
      sub: 'account-1',
      given_name: 'Erika',
      email: 'erika@example.invalid',
      email_verified: true,
    })
  })

  it('publishes no private part of a key', async () => {
    const { keys } = (await (await fetch(`${harness.issuer}/oidc/jwks`)).json()) as { keys: object[] }
    expect(keys.map((key) => (key as { alg: string }).alg)).toEqual(['ES256', 'RS256', 'PS256'])
    for (const key of keys) for (const member of ['d', 'p', 'q']) expect(key).not.toHaveProperty(member)
  })

  it('signs with PS256 for a client that asks for it', async () => {
    const { id_token } = await signIn(harness, harness.browser(), 'fourth')
    expect(JSON.parse(Buffer.from(id_token.split('.')[0] ?? '', 'base64url').toString()).alg).toBe('PS256')
  })

  it('refuses a request without PKCE or with the plain method', async () => {
    const browser = harness.browser()
    const without = { code_challenge: undefined, code_challenge_method: undefined }
    expect((await authorize(browser, 'portal', without)).answer.error).toBe('invalid_request')
    expect((await authorize(browser, 'portal', { code_challenge_method: 'plain' })).answer.error).toBe(
      'invalid_request',
    )
    expect(prompts()).toEqual([])
  })

  it.each(['token', 'id_token', 'code id_token', 'none'])('refuses response_type %s', async (type) => {
    const { answer, away } = await authorize(harness.browser(), 'portal', { response_type: type, nonce: 'n' })
    const error = answer.error ?? new URLSearchParams(away?.hash.slice(1)).get('error')
    expect(error).toBe('unsupported_response_type')
  })

  it('does not answer in a fragment', async () => {
    const { away } = await authorize(harness.browser(), 'portal', { response_mode: 'fragment' })
    expect(new URLSearchParams(away?.hash.slice(1)).get('error')).toBe('invalid_request')
  })

  it('shows a page, and never redirects, for an unknown client or redirect address', async () => {
    const browser = harness.browser()
    for (const [clientId, redirect] of [
      ['unknown', 'https://portal.example/callback'],
      ['portal', 'https://portal.example/callback2'],
      ['portal', 'https://portal.example/callback?more=1'],
    ] as const) {
      const { response, away } = await authorize(browser, clientId, { redirect_uri: redirect })
      expect([away, response.status]).toEqual([undefined, 400])
    }
  })

  it('refuses a repeated parameter and ignores unknown ones', async () => {
    const browser = harness.browser()
    const { url } = authorizationUrl('portal')
    expect((await browser.visit(`${url}&client_id=portal`)).response.status).toBe(400)
    expect((await browser.visit(`${url}&scope=profile`)).away?.searchParams.get('error')).toBe('invalid_request')
    expect((await browser.visit(`${url}&unknown=1&unknown=2`)).away?.searchParams.get('code')).toBeTruthy()
  })

  it('reuses the session, and none of it with prompt=none from another browser', async () => {
    const browser = harness.browser()
    await authorize(browser, 'portal')
    expect((await authorize(browser, 'portal', { prompt: 'none' })).answer.code).toBeTruthy()
    expect(prompts()).toEqual(['login'])
    const { answer } = await authorize(harness.browser(), 'portal', { prompt: 'none' })
    expect(answer).toMatchObject({ error: 'login_required', state: 'state-1', iss: harness.issuer })
  })

  it.each(['login', 'select_account'])('asks again with prompt=%s, once', async (prompt) => {
    const browser = harness.browser()
    await authorize(browser, 'portal')
    const { answer } = await authorize(browser, 'portal', { prompt })
    expect(answer.code).toBeTruthy()
    expect(prompts()).toEqual(['login', 'login'])
  })

  it('asks again when the sign-in is older than max_age', async () => {
    const browser = harness.browser()
    await authorize(browser, 'portal')
    await authorize(browser, 'portal', { max_age: '3600' })
    expect(prompts()).toHaveLength(1)
    await authorize(browser, 'portal', { max_age: '0' })
    expect(prompts()).toHaveLength(2)
    await new Promise((resolve) => setTimeout(resolve, 2100))
    await authorize(browser, 'portal', { max_age: '1' })
    expect(prompts()).toHaveLength(3)
  })

  it('passes login_hint and ui_locales on to the sign-in', async () => {
    await authorize(harness.browser(), 'portal', { login_hint: 'erika', ui_locales: 'en de' })
    expect(harness.state.interactions[0]?.params).toMatchObject({ login_hint: 'erika', ui_locales: 'en de' })
  })

  it('falls back to the default class when phr is only preferred', async () => {
    const { id_token } = await signIn(harness, harness.browser(), 'portal', { acr_values: `phr ${passwordMtanAcr}` })
    expect(claimsOf(id_token).acr).toBe(passwordMtanAcr)
  })

  it('refuses an essential class that no sign-in reaches, before anybody signs in', async () => {
    const claims = JSON.stringify({ id_token: { acr: { essential: true, values: ['phr'] } } })
    const { answer } = await authorize(harness.browser(), 'portal', { claims })
    expect(answer.error).toBe('unmet_authentication_requirements')
    expect(prompts()).toEqual([])
  })

  it('refuses, rather than ask forever, when a sign-in did not reach an essential class', async () => {
    harness.state.acr = 'urn:something:less'
    const claims = JSON.stringify({ id_token: { acr: { essential: true, value: passwordMtanAcr } } })
    const { answer } = await authorize(harness.browser(), 'portal', { claims })
    expect(answer.error).toBe('unmet_authentication_requirements')
    expect(prompts()).toEqual(['login'])
  })

  it('keeps personal claims out of the claims parameter', async () => {
    const claims = JSON.stringify({ id_token: { email: null }, userinfo: { phone_number: { essential: true } } })
    const tokens = await signIn(harness, harness.browser(), 'portal', { claims })
    expect(claimsOf(tokens.id_token)).not.toHaveProperty('email')
    expect((await userinfo(harness.issuer, tokens.access_token)).body).toEqual({ sub: 'account-1' })
  })

  it('sends a cancelled sign-in back with access_denied, state and iss', async () => {
    harness.state.member = undefined
    const { answer } = await authorize(harness.browser(), 'portal')
    expect(answer).toMatchObject({ error: 'access_denied', state: 'state-1', iss: harness.issuer })
  })

  it('ends the session and the tokens of an account that may not be signed in any more', async () => {
    const browser = harness.browser()
    const tokens = await signIn(harness, browser, 'portal')
    harness.state.active.delete('account-1')
    expect((await authorize(browser, 'portal', { prompt: 'none' })).answer.error).toBe('login_required')
    expect((await userinfo(harness.issuer, tokens.access_token)).status).toBe(401)
  })

  it('posts the answer under a policy that allows its script and the application', async () => {
    const { response } = await authorize(harness.browser(), 'portal', { response_mode: 'form_post' })
    const page = await response.text()
    expect(page).toContain('action="https://portal.example/callback"')
    const policy = response.headers.get('content-security-policy')
    expect(policy).toMatch(/script-src 'self' 'sha256-[^']+'/)
    expect(policy).toContain("form-action 'self' https://portal.example")
  })

  it('switches accounts through a page that posts itself', async () => {
    const browser = harness.browser()
    await signIn(harness, browser, 'portal')
    harness.state.member = 'account-2'
    const { response } = await authorize(browser, 'portal', { prompt: 'login' })
    expect(response.headers.get('content-security-policy')).toMatch(/script-src 'self' 'sha256-/)
    const { away } = await browser.submit(await response.text())
    expect(away?.searchParams.get('code')).toBeTruthy()
  })

  it('accepts a pushed request, with offline_access for a first-party application', async () => {
    const { verifier, url } = authorizationUrl('spa', { scope: 'openid offline_access' })
    const body = new URLSearchParams(url.split('?')[1])
    const pushed = await fetch(`${harness.issuer}/oidc/par`, { method: 'POST', body })
    expect(pushed.status).toBe(201)
    const { request_uri } = (await pushed.json()) as { request_uri: string }
    const path = `/oidc/auth?${new URLSearchParams({ client_id: 'spa', request_uri })}`
    const { away } = await harness.browser().visit(path)
    const answer = Object.fromEntries(away?.searchParams ?? [])
    const redirectUri = 'https://spa.example/app.html'
    const tokens = await exchange(harness.issuer, 'spa', { answer, verifier, redirectUri } as never)
    expect(tokens.body.refresh_token).toBeTruthy()
    expect((await harness.browser().visit(path)).response.status).toBe(400)
  })

  it('lets a native app use a free port on loopback and shows the member every sign-in', async () => {
    const browser = harness.browser()
    const redirect_uri = 'http://127.0.0.1:49152/callback'
    expect((await authorize(browser, 'app', { redirect_uri })).answer.code).toBeTruthy()
    expect((await authorize(browser, 'app')).answer.code).toBeTruthy()
    expect((await authorize(browser, 'app', { prompt: 'none' })).answer.error).toBe('interaction_required')
    expect(prompts()).toEqual(['login', 'login'])
  })

  it('carries no fault', () => expect(harness.state.faults).toEqual([]))
})
