import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestApp, type TestApp } from '../support/app.ts'
import { createClient } from '../support/client.ts'
import { until } from '../support/servers/processes.ts'
import { hasRedisPrograms, type RedisServer, startRedis } from '../support/servers/redis.ts'
import { begin, enterPassword, lena } from '../support/walk.ts'

describe.skipIf(!hasRedisPrograms())('while Redis is away', () => {
  let redis: RedisServer
  let app: TestApp
  beforeAll(async () => {
    redis = await startRedis()
    app = await startTestApp('servers', { REDIS_URL: redis.url })
  })
  afterAll(async () => {
    await app?.close()
    await redis?.remove()
  })

  const health = async () => (await (await fetch(`${app.issuer}/health`)).json()) as { artefacts: string }
  const timed = async <T>(work: () => Promise<T>) => {
    const begun = performance.now()
    return { answer: await work(), took: performance.now() - begun }
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

  it.each([
    ['stopped', () => redis.kill(), () => redis.start()],
    ['hanging', async () => redis.pause(), async () => redis.resume()],
  ])('(%s) answers quickly, goes on without sign-ins, and recovers by itself', async (_how, lose, bring) => {
    const open = createClient()
    await begin(open, app)
    await lose()
    try {
      for (const path of ['/', '/registrierung']) expect((await fetch(`${app.issuer}${path}`)).status).toBe(200)
      const page = await timed(() => begin(createClient(), app))
      expect(page.answer.status).toBe(503)
      expect(page.answer.headers.get('retry-after')).toBe('10')
      expect(page.answer.$('.reference').text()).not.toBe('')
      expect(page.took).toBeLessThan(6_000)
      const step = await timed(() => enterPassword(open, lena))
      expect(step.answer.status).toBe(503)
      expect(step.took).toBeLessThan(6_000)
      const token = await timed(askForToken)
      expect(token.answer.status).toBe(503)
      expect(await token.answer.json()).toMatchObject({ error: 'temporarily_unavailable' })
      expect(token.took).toBeLessThan(6_000)
      await until('health names it', async () => (await health()).artefacts === 'away')
    } finally {
      await bring()
    }
    await until('health is well again', async () => (await health()).artefacts === 'ok')
    expect((await begin(createClient(), app)).status).toBe(200)
    expect((await askForToken()).status).toBe(400)
  })

  it('(emptied) says that a sign-in took too long, with a way on', async () => {
    const client = createClient()
    await begin(client, app)
    await redis.flush()
    const page = await enterPassword(client, lena)
    expect(page.status).toBe(410)
    expect(page.$('main a.button, main .actions a').length).toBeGreaterThan(0)
    expect((await begin(createClient(), app)).status).toBe(200)
  })
})
