import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { backends, startTestApp, type TestApp } from '../../support/app.ts'
import { createClient, ownAddress } from '../../support/client.ts'
import { words } from '../../support/refusal.ts'
import { ask } from '../../support/stores/database.ts'
import { authorizationUrl, begin, enterMtan, enterPassword, lena, signInAgain } from '../../support/walk.ts'

let app: TestApp
beforeAll(async () => {
  app = await startTestApp({ TRUST_PROXY: 'true', IP_LIMIT_FACTOR: '1' })
})
afterAll(() => app?.close())

const headersOf = (address = ownAddress()) => ({ accept: 'text/html', ...address })
const send = (path: string, init: RequestInit) => fetch(`${app.issuer}${path}`, { redirect: 'manual', ...init })
const journeys = async () => (await ask(app, 'select id from journeys')).length

/** Pushes a request of the public demo application (RFC 9126). */
async function push(address: Record<string, string>, changes: Record<string, string> = {}, path = '/oidc/par') {
  const body = new URLSearchParams({
    client_id: 'demo-spa',
    response_type: 'code',
    scope: 'openid',
    redirect_uri: `${app.demo}/spa.html`,
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    code_challenge_method: 'S256',
    ...changes,
  })
  return await send(path, { method: 'POST', headers: address, body })
}

describe('who has not proven anything', () => {
  it('leaves no row behind by looking at the sign-in, one by the first form', async () => {
    const client = createClient(ownAddress())
    const before = await journeys()
    const page = await begin(client, app)
    await client.get(page.url)
    await client.get(`${page.url}?lang=en`)
    expect(await journeys()).toBe(before)
    await enterPassword(client, { username: 'niemand.hier', password: 'falsch-falsch-falsch' })
    await enterPassword(client, { username: 'niemand.hier', password: 'falsch-falsch-falsch' })
    expect(await journeys()).toBe(before + 1)
  })

  it('leaves none by asking for the head of the registration', async () => {
    const before = await journeys()
    for (const path of ['/registrierung', '/registrierung/'])
      expect([path, (await send(path, { method: 'HEAD', headers: ownAddress() })).status]).toEqual([path, 200])
    expect(await journeys()).toBe(before)
  })

  it('signs in, however many tabs have only looked', async () => {
    const client = createClient(ownAddress())
    const first = await begin(client, app)
    await begin(client, app)
    await client.get(first.url)
    const known = (await app.inbox.list('sms', lena.mobile)).length
    await enterPassword(client, lena)
    expect(new URL((await enterMtan(client, app, lena.mobile, known)).url).origin).toBe(app.demo)
  })

  it('is refused after 300 authorization requests a minute, others and known browsers are not', async () => {
    const member = ownAddress()
    const client = createClient(member)
    await signInAgain(client, app, lena)
    const url = await authorizationUrl(createClient(ownAddress()), app, {})
    const statuses: number[] = []
    for (let turn = 0; turn < 302; turn++)
      statuses.push((await fetch(url, { redirect: 'manual', headers: headersOf(member) })).status)
    expect(statuses.filter((status) => status === 303 || status === 302).length).toBeGreaterThanOrEqual(298)
    expect(statuses.at(-1)).toBe(429)
    const refused = await fetch(url, { redirect: 'manual', headers: headersOf(member) })
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await refused.text()).toMatch(/<h1[^>]*>[^<]*Pause/)
    for (const spelled of ['/oidc/auth/', '/oidc/AUTH', '/Oidc/auth/'])
      expect([
        spelled,
        (await send(`${spelled}${new URL(url).search}`, { headers: headersOf(member) })).status,
      ]).toEqual([spelled, 429])
    expect((await fetch(url, { redirect: 'manual', headers: headersOf() })).status).toBe(303)
    // Behind the same address: the member of before goes from application to application.
    expect(new URL((await begin(client, app)).url).origin).toBe(app.demo)
    await app.advance('PT1M1S')
    expect((await fetch(url, { redirect: 'manual', headers: headersOf(member) })).status).toBe(303)
  })

  it('is refused after 600 pushed requests a minute, in JSON', async () => {
    const address = ownAddress()
    const statuses: number[] = []
    for (let turn = 0; turn < 60; turn++)
      statuses.push(...(await Promise.all(Array.from({ length: 11 }, async () => (await push(address)).status))))
    expect(statuses.filter((status) => status === 201)).toHaveLength(600)
    expect(new Set(statuses)).toEqual(new Set([201, 429]))
    const refused = await push(address)
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/)
    expect(await refused.json()).toMatchObject({ error: 'temporarily_unavailable' })
    for (const spelled of ['/oidc/par/', '/oidc/PAR']) expect((await push(address, {}, spelled)).status).toBe(429)
    expect((await push(ownAddress())).status).toBe(201)
  })

  it.each(['state', 'nonce', 'login_hint', 'ui_locales', 'acr_values'])('sends at most 2 KiB of %s', async (name) => {
    const url = new URL(await authorizationUrl(createClient(ownAddress()), app, { [name]: 'x'.repeat(2048) }))
    const fits = await fetch(url, { redirect: 'manual', headers: headersOf() })
    expect(fits.headers.get('location')).toMatch(/^\/anmeldung\/|\/anmeldung\//)
    url.searchParams.set(name, 'ä'.repeat(1025))
    const refused = await fetch(url, { redirect: 'manual', headers: headersOf() })
    const told = `${refused.headers.get('location') ?? ''} ${await refused.text()}`.replaceAll('+', ' ')
    expect(told).toMatch(/invalid_request/)
    expect(decodeURIComponent(told)).toContain(`${name} must not be longer than 2048 bytes`)
    const pushed = await push(ownAddress(), { [name]: 'x'.repeat(2049) })
    expect(pushed.status).toBe(400)
    expect(await pushed.json()).toMatchObject({
      error: 'invalid_request',
      error_description: `${name} must not be longer than 2048 bytes`,
    })
  })
})

describe.skipIf(!backends.includes('servers'))('an interaction that is gone', () => {
  it('still leads back to its application, though nothing was stored for who only looked', async () => {
    const client = createClient(ownAddress())
    const page = await begin(client, app)
    for (const key of [...client.cookies.keys()]) if (/interaction/.test(key)) client.cookies.delete(key)
    const gone = await client.get(page.url)
    expect(gone.status).toBe(400)
    await endInteractions()
    const late = await client.get(page.url)
    expect(late.status).toBe(410)
    expect(words(late)).toContain('Meine-AOK-Portal')
    expect(words(await createClient(ownAddress()).get(page.url))).not.toContain('Meine-AOK-Portal')
  })
})

/** As if its hour were over. */
async function endInteractions(): Promise<void> {
  const redis = new Redis(app.storage.REDIS_URL ?? '')
  try {
    await redis.flushdb()
  } finally {
    redis.disconnect()
  }
}
