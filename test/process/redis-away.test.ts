import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startTestApp, type TestApp } from '../support/app.ts'
import { createClient } from '../support/client.ts'
import { hasRedisPrograms } from '../support/machine/programs.ts'
import { until } from '../support/servers/processes.ts'
import { type RedisServer, startRedis } from '../support/servers/redis.ts'
import { activate, begin, enterPassword, lena, register, signInAgain, somebody } from '../support/walk.ts'

/** No request waits longer for a Redis that is away, in milliseconds. */
const patience = 6_000

describe.skipIf(!hasRedisPrograms())('while Redis is away', () => {
  let redis: RedisServer
  let app: TestApp
  beforeAll(async () => {
    redis = await startRedis()
    app = await startTestApp({ REDIS_URL: redis.url }, 'servers')
  })
  afterAll(async () => {
    await app?.close()
    await redis?.remove()
  })
  beforeEach(() => until('health is well', async () => (await health()).artefacts === 'ok'))

  const health = async () => (await (await fetch(`${app.issuer}/health`)).json()) as Record<string, string>
  const timed = async <T>(work: () => Promise<T>) => {
    const begun = performance.now()
    const answer = await work()
    expect(performance.now() - begun).toBeLessThan(patience)
    return answer
  }
  const askForToken = () =>
    fetch(`${app.issuer}/oidc/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        code: 'x'.repeat(43),
        redirect_uri: 'https://example.org/',
        code_verifier: 'v'.repeat(43),
        client_id: 'demo-spa',
      }),
    })
  const askForUserinfo = () =>
    fetch(`${app.issuer}/oidc/userinfo`, { headers: { authorization: `Bearer ${'x'.repeat(43)}` } })

  const faults = [
    { how: 'stopped', member: 'A123456780', lose: () => redis.kill(), bring: () => redis.start() },
    { how: 'hanging', member: 'B204581379', lose: async () => redis.pause(), bring: async () => redis.resume() },
  ]

  it.each(faults)('($how) answers sign-ins quickly with 503, and recovers by itself', async ({ lose, bring }) => {
    const open = createClient()
    await begin(open, app)
    await lose()
    try {
      const page = await timed(() => begin(createClient(), app))
      expect(page.status).toBe(503)
      expect(page.headers.get('retry-after')).toBe('10')
      expect(page.$('.reference').text()).not.toBe('')
      expect((await timed(() => enterPassword(open, lena))).status).toBe(503)
      for (const ask of [askForToken, askForUserinfo]) {
        const answer = await timed(ask)
        expect(answer.status).toBe(503)
        expect(answer.headers.get('retry-after')).toBe('10')
        expect(await answer.json()).toMatchObject({ error: 'temporarily_unavailable' })
      }
      await until('health names it', async () => {
        const { status, artefacts } = await health()
        return status === 'impaired' && artefacts === 'away'
      })
    } finally {
      await bring()
    }
    await until('health is well again', async () => (await health()).artefacts === 'ok')
    expect((await begin(createClient(), app)).status).toBe(200)
    expect([(await askForToken()).status, (await askForUserinfo()).status]).toEqual([400, 401])
  })

  it.each(faults)('($how) shows pages, registers and activates as ever', async ({ member, lose, bring }) => {
    const person = somebody(member)
    const client = createClient()
    await lose()
    try {
      for (const path of ['/', '/hilfe', '/registrierung'])
        expect((await timed(() => fetch(`${app.issuer}${path}`))).status).toBe(200)
      expect((await register(client, app, person)).status).toBe(200)
      const done = await activate(client, app, person)
      expect([done.status, new URL(done.url).pathname]).toEqual([200, '/aktivierung'])
    } finally {
      await bring()
    }
  })

  it('(emptied) says that a sign-in took too long, with a way on', async () => {
    const client = createClient()
    await begin(client, app)
    await redis.flush()
    const page = await enterPassword(client, lena)
    expect(page.status).toBe(410)
    expect(page.$('main a.button, main .actions a').length).toBeGreaterThan(0)
    expect((await begin(client, app)).status).toBe(200)
  })

  it('(emptied) has the member of a lost session sign in again', async () => {
    const client = createClient()
    expect(new URL((await signInAgain(client, app, lena)).url).origin).toBe(app.demo)
    expect(new URL((await begin(client, app)).url).origin).toBe(app.demo)
    await redis.flush()
    const page = await begin(client, app)
    expect([page.status, new URL(page.url).origin]).toEqual([200, app.issuer])
    expect(page.$('input[name="password"]').length).toBe(1)
    expect(new URL((await signInAgain(client, app, lena)).url).origin).toBe(app.demo)
  })
})
