import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestApp, type TestApp } from '../support/app.ts'
import { createClient } from '../support/client.ts'
import { authorizationUrl } from '../support/walk.ts'

let app: TestApp
beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app?.close())

const html = { Accept: 'text/html,application/xhtml+xml' }
const ask = (path: string, init: RequestInit = {}) => fetch(`${app.issuer}${path}`, { redirect: 'manual', ...init })
/** A form of an application on another site: no cookie of ours, a foreign origin. */
const post = (path: string, body: string | URLSearchParams, headers: Record<string, string> = html) =>
  ask(path, { method: 'POST', body, headers: { Origin: 'https://portal.example', ...headers } })

const parametersOf = async () => new URL(await authorizationUrl(createClient(), app, {})).searchParams

describe('POST at the authorization endpoint', () => {
  it('is a redirect to the same parameters, and they lead to the sign-in', async () => {
    const sent = await parametersOf()
    const answer = await post('/oidc/auth', sent)
    expect(answer.status).toBe(303)
    const location = new URL(answer.headers.get('location') ?? '', app.issuer)
    expect(location.pathname).toBe('/oidc/auth')
    expect([...location.searchParams]).toEqual([...sent])
    expect(answer.headers.getSetCookie()).toEqual([])
    expect((await createClient().get(location.href)).heading).toBe('Anmelden')
  })

  it.each(['/oidc/auth/', '/oidc/AUTH', '/oidc/auth?ui_locales=en'])('answers at %s, too', async (path) => {
    const sent = await parametersOf()
    const answer = await post(path, sent)
    const location = new URL(answer.headers.get('location') ?? '', app.issuer)
    expect(location.searchParams.get('state')).toBe(sent.get('state'))
    expect((await createClient().get(location.href)).heading).toMatch(/^(Anmelden|Sign in)$/)
  })

  it('keeps what was sent twice, which the endpoint then refuses', async () => {
    const sent = await parametersOf()
    sent.append('scope', 'profile')
    const location = (await post('/oidc/auth', sent)).headers.get('location') ?? ''
    const answer = await ask(location, { headers: html })
    expect(new URL(answer.headers.get('location') ?? '').searchParams.get('error')).toBe('invalid_request')
  })

  it('tells what is too much, and that it can be pushed', async () => {
    const sent = await parametersOf()
    sent.set('nonce', 'n'.repeat(9000))
    const many = await parametersOf()
    for (let n = 0; n < 101; n++) many.append(`x${n}`, '1')
    for (const body of [sent, many, new URLSearchParams({ state: 's'.repeat(70_000) })]) {
      const answer = await post('/oidc/auth', body)
      expect(answer.status).toBe(413)
      expect(await answer.text()).toContain('<h1>')
    }
  })

  it.each([
    ['application/json', '{"client_id":"demo-portal"}'],
    ['multipart/form-data; boundary=x', '--x--'],
    ['text/plain', 'client_id=demo-portal'],
  ])('refuses a body of type %s with a page', async (type, body) => {
    const answer = await post('/oidc/auth', body, { ...html, 'Content-Type': type })
    expect(answer.status).toBe(400)
    expect(await answer.text()).toContain('<h1>')
  })

  it('answers an empty form as an empty request', async () => {
    const answer = await post('/oidc/auth', '')
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/oidc/auth'])
  })
})

describe('an address where the protocol has nothing', () => {
  const unknown = [
    '/oidc/gibtesnicht',
    '/oidc/',
    '/oidc',
    '/oidc/auth/a/b',
    '/oidc/session/end',
    '/oidc/%F0%9F%98%80',
    '/.well-known/gibtesnicht',
    '/.well-known/',
  ]
  it.each(unknown)('shows our page at %s, and JSON to a program', async (path) => {
    for (const method of ['GET', 'HEAD', 'DELETE']) {
      const page = await ask(path, { method, headers: html })
      expect([page.status, page.headers.get('content-type')], method).toEqual([404, 'text/html; charset=utf-8'])
    }
    expect(await (await ask(path, { headers: html })).text()).toContain('Diese Seite gibt es nicht')
    const json = await ask(path, { headers: { Accept: 'application/json' } })
    expect([json.status, await json.json()]).toEqual([404, expect.objectContaining({ error: 'not_found' })])
  })

  it('answers JSON to who names no type', async () => {
    for (const Accept of ['*/*', 'application/*'])
      expect((await ask('/oidc/gibtesnicht', { headers: { Accept } })).headers.get('content-type')).toMatch(/json/)
  })
})

describe('an address that is asked by another method', () => {
  it.each([
    ['/oidc/auth', 'PUT', 'GET, HEAD, POST, OPTIONS'],
    ['/oidc/auth/abc', 'POST', 'GET, HEAD, OPTIONS'],
    ['/oidc/logout', 'DELETE', 'GET, HEAD, POST, OPTIONS'],
    ['/oidc/logout/success', 'POST', 'GET, HEAD, OPTIONS'],
    ['/oidc/token', 'GET', 'POST, OPTIONS'],
    ['/oidc/token/', 'GET', 'POST, OPTIONS'],
    ['/oidc/par', 'HEAD', 'POST, OPTIONS'],
    ['/oidc/userinfo', 'PATCH', 'GET, HEAD, POST, OPTIONS'],
    ['/oidc/jwks', 'POST', 'GET, HEAD, OPTIONS'],
    ['/.well-known/openid-configuration', 'POST', 'GET, HEAD, OPTIONS'],
  ])('%s answers %s with 405 and what it takes', async (path, method, allow) => {
    const page = await ask(path, { method, headers: html })
    expect([page.status, page.headers.get('allow')]).toEqual([405, allow])
    if (method !== 'HEAD') expect(await page.text()).toContain('<h1>')
    const json = await ask(path, { method, headers: { Accept: 'application/json' } })
    expect(json.status).toBe(405)
    if (method !== 'HEAD') expect(await json.json()).toMatchObject({ error: 'method_not_allowed' })
  })

  it('tells by OPTIONS what a page takes, and leaves calls from scripts to CORS', async () => {
    const page = await ask('/oidc/auth', { method: 'OPTIONS' })
    expect([page.status, page.headers.get('allow')]).toEqual([204, 'GET, HEAD, POST, OPTIONS'])
    const headers = { Origin: app.demo, 'Access-Control-Request-Method': 'GET' }
    const discovery = await ask('/.well-known/openid-configuration', { method: 'OPTIONS', headers })
    expect(discovery.headers.get('access-control-allow-origin')).toBeTruthy()
  })

  it('answers HEAD as GET, without a body', async () => {
    for (const path of ['/.well-known/openid-configuration', '/oidc/jwks', '/oidc/logout']) {
      const answer = await ask(path, { method: 'HEAD', headers: html })
      expect([path, answer.status < 400, await answer.text()]).toEqual([path, true, ''])
    }
  })
})
