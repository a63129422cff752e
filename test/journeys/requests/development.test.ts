import http from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { backends, startTestApp, type TestApp } from '../../support/app.ts'
import { createClient } from '../../support/client.ts'
import { holdLock } from '../../support/stores/database.ts'
import { begin, enterPassword, lena } from '../../support/walk.ts'

describe('the development pages', () => {
  let app: TestApp
  beforeAll(async () => {
    app = await startTestApp({}, 'embedded')
  })
  afterAll(() => app?.close())
  const post = (path: string, body: object) =>
    fetch(`${app.issuer}${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    })
  const now = async () => Date.parse(((await (await fetch(`${app.issuer}/dev/clock`)).json()) as { now: string }).now)

  it('move the clock forward, and back only by a reset', async () => {
    const before = await now()
    await post('/dev/clock', { advance: 'P2D' })
    expect((await now()) - before).toBeGreaterThanOrEqual(2 * 86_400_000)
    expect((await now()) - before).toBeLessThan(2 * 86_400_000 + 60_000)
    const answer = (await (await post('/dev/clock', { reset: true })).json()) as { now: string }
    expect(Math.abs(Date.parse(answer.now) - Date.now())).toBeLessThan(5000)
  })

  it('answer a wrong duration with 400 in the form it was asked in, and move nothing', async () => {
    const before = await now()
    const answer = await post('/dev/clock', { advance: 'two days' })
    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject({ error: 'bad_request' })
    expect((await now()) - before).toBeLessThan(60_000)
  })

  it('do not let a form of a foreign page move the clock', async () => {
    const answer = await fetch(`${app.issuer}/dev/clock`, {
      method: 'POST',
      body: new URLSearchParams({ advance: 'P9D' }),
    })
    expect(answer.status).toBe(400)
  })

  it('show the post with its letter as PDF, also for a number whose plus was not escaped', async () => {
    const letters = await app.inbox.list('letter', 'D314159268')
    expect(letters).toHaveLength(1)
    const pdf = await fetch(`${app.issuer}${letters[0]?.pdfUrl}`)
    expect(pdf.headers.get('content-type')).toContain('application/pdf')
    expect(
      Buffer.from(await pdf.arrayBuffer())
        .subarray(0, 5)
        .toString(),
    ).toBe('%PDF-')
    const page = await (await fetch(`${app.issuer}/dev/postbox`)).text()
    expect(page).toContain(String(letters[0]?.code))
    const plain = await fetch(`${app.issuer}/dev/postbox.json?kind=sms&to=+4915112345672`)
    expect(await plain.json()).toEqual([])
  })

  it('forget counters of the future when the clock is set back', async () => {
    await post('/dev/clock', { advance: 'P29D' })
    const client = createClient()
    await begin(client, app)
    const wrong = { username: 'lena.huber', password: 'falsch-und-falsch' }
    for (let n = 0; n < 10; n++) expect((await enterPassword(client, wrong)).status).toBe(422)
    expect((await enterPassword(client, wrong)).status).toBe(429)
    await post('/dev/clock', { reset: true })
    await begin(client, app)
    expect((await enterPassword(client, wrong)).status).toBe(422)
  })
})

describe('the development pages, asked in a roundabout way', () => {
  let app: TestApp
  let sandbox: TestApp
  beforeAll(async () => {
    // A proxy is trusted, so that its headers are read; and in the sandbox the post is open on purpose.
    app = await startTestApp({ TRUST_PROXY: 'true' })
    sandbox = await startTestApp({ TRUST_PROXY: 'true', SANDBOX: 'true', HOST: '0.0.0.0' })
  })
  afterAll(() => Promise.all([app?.close(), sandbox?.close()]))

  const pages = [
    ['GET', '/dev/postbox'],
    ['GET', '/dev/postbox.json?kind=letter'],
    ['GET', '/dev/postbox/3e3cf0e6-6d66-4a0a-9a5e-1a3f4f1c8a11.pdf'],
    ['GET', '/dev/clock'],
    ['POST', '/dev/clock'],
    ['POST', '/dev/jobs/run'],
    // Spellings that routers take for the same.
    ['GET', '/DEV/postbox.json?kind=letter'],
    ['GET', '/Dev/Postbox/'],
    ['GET', '/dev/clock/'],
    ['POST', '/dEV/clock'],
    ['POST', '/dev/JOBS/run/'],
  ] as const
  /** As a program would that chooses every header, and answers status and body. */
  const ask = (at: TestApp, method: string, path: string, headers: Record<string, string>) =>
    new Promise<{ status: number; text: string }>((resolve, reject) => {
      const options = { host: '127.0.0.1', port: at.port, method, path, headers }
      const request = http.request(options, async (response) => {
        let text = ''
        for await (const part of response) text += part
        resolve({ status: response.statusCode ?? 0, text })
      })
      request.on('error', reject).end()
    })

  it.each<Record<string, string>>([
    { 'X-Forwarded-For': '198.51.100.7' },
    { 'x-forwarded-host': 'anmeldung.example.org' },
    { 'X-Forwarded-Proto': 'https' },
    { 'X-Forwarded': 'for=198.51.100.7' },
    { Forwarded: 'for=198.51.100.7' },
    { Via: '1.1 proxy' },
    { 'X-Real-IP': '198.51.100.7' },
    { 'X-Client-IP': '198.51.100.7' },
    { 'True-Client-IP': '198.51.100.7' },
    { 'CF-Connecting-IP': '198.51.100.7' },
    { 'X-Envoy-External-Address': '198.51.100.7' },
    { Host: 'anmeldung.example.org' },
    { Host: 'localhost.example.org:3000' },
    { Host: '192.0.2.7:3000' },
    { Host: 'localhost@anmeldung.example.org' },
    { Origin: 'https://elsewhere.example.org' },
    { Origin: 'null' },
    { Referer: 'https://elsewhere.example.org/page' },
  ])('answer nothing with %o', async (headers) => {
    for (const [method, path] of pages) {
      const { status, text } = await ask(app, method, path, { Accept: 'application/json', ...headers })
      expect([status, JSON.parse(text).error], `${method} ${path}`).toEqual([404, 'not_found'])
    }
  })

  it('answer who asks directly, under any name of this machine', async () => {
    for (const Host of ['localhost:3000', '127.0.0.1', '[::1]:3000', 'LOCALHOST'])
      expect((await ask(app, 'GET', '/dev/clock', { Host })).status, Host).toBe(200)
    const Origin = app.issuer
    expect((await ask(app, 'POST', '/dev/jobs/run', { Origin, 'Content-Length': '0' })).status).toBe(200)
  })

  it('are open in a sandbox', async () => {
    const headers = { Host: 'sandbox.example.org', 'X-Forwarded-For': '198.51.100.7' }
    expect((await ask(sandbox, 'GET', '/dev/postbox.json?kind=letter', headers)).status).toBe(200)
  })
})

describe.skipIf(!backends.includes('servers'))('the postbox', () => {
  let app: TestApp
  beforeAll(async () => {
    app = await startTestApp({}, 'servers')
  })
  afterAll(() => app?.close())

  it('shows what is still on its way when it is asked', async () => {
    const known = (await app.inbox.list('sms', lena.mobile)).length
    const holder = await holdLock(app.storage.DATABASE_URL, 'lock table development_postbox in exclusive mode')
    const client = createClient()
    await begin(client, app)
    await enterPassword(client, lena)
    const shown = app.inbox.list('sms', lena.mobile)
    await holder.awaitWaiting(1)
    await wait(200)
    await holder.release()
    expect(await shown).toHaveLength(known + 1)
  })
})
