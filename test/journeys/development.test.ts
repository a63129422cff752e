import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { backends, startTestApp, type TestApp } from '../support/app.ts'
import { createClient } from '../support/client.ts'
import { holdLock } from '../support/database.ts'
import { begin, enterPassword, lena } from '../support/walk.ts'

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
