import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { backends, startTestApp, type TestApp } from '../support/app.ts'
import { createClient } from '../support/client.ts'
import {
  activate,
  awaitLetter,
  begin,
  enterPassword,
  register,
  signInAgain,
  signInFirst,
  somebody,
} from '../support/walk.ts'

describe.each(backends)('the member’s way of the seed, on %s', (backend) => {
  let app: TestApp
  beforeAll(async () => {
    app = await startTestApp({}, backend)
  })
  afterAll(() => app?.close())

  it('leads from registration to the application, and there again', async () => {
    const person = somebody('A123456780')
    const client = createClient()
    const done = await register(client, app, person)
    expect(done.status).toBe(200)
    expect(new URL(done.url).pathname).toBe('/registrierung/fertig')
    expect(done.body).toContain('Spam')

    const activated = await activate(client, app, person)
    expect(activated.status).toBe(200)
    const letter = await app.inbox.next('letter', person.insuranceNumber)
    expect(letter.code).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){2}$/)
    const posted = await app.inbox.next('email', person.email, 1)
    expect(posted.subject).not.toBe('')

    const first = await signInFirst(client, app, person)
    expect(new URL(first.url).origin).toBe(app.demo)
    expect(first.body).toContain('Erika')
    expect(first.body).toContain('urn:meine-aok:acr:password-mtan')

    const other = createClient()
    const again = await signInAgain(other, app, person)
    expect(new URL(again.url).origin).toBe(app.demo)
  })

  it('begins no session before the last step', async () => {
    const person = somebody('B204581379')
    const client = await awaitLetter(app, person)
    await begin(client, app)
    const page = await enterPassword(client, person)
    expect(new URL(page.url).pathname).toMatch(/freischaltcode$/)
    expect([...client.cookies.keys()].some((name) => name.endsWith('_session'))).toBe(false)
    // Another browser takes the journey up from its first step.
    const elsewhere = await signInFirst(createClient(), app, person)
    expect(new URL(elsewhere.url).origin).toBe(app.demo)
  })

  it('lets one of 16 first sign-ins at once make the account active', async () => {
    const person = somebody('H556677889')
    await awaitLetter(app, person)
    const letter = await app.inbox.next('letter', person.insuranceNumber)
    const clients = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const client = createClient()
        await begin(client, app)
        await enterPassword(client, person)
        return client
      }),
    )
    // One after the other to the last step, because each mTAN goes to the same phone.
    for (const client of clients) {
      const known = (await app.inbox.list('sms', person.mobile)).length
      await client.submit({ unlockCode: letter.code ?? '' })
      const sms = await app.inbox.next('sms', person.mobile, known)
      await client.submit({ mtan: sms.code ?? '' })
    }
    const ends = await Promise.all(
      clients.flatMap((client) => {
        const page = client.page()
        const body = new URLSearchParams({
          _csrf: String(page.$('[name="_csrf"]').first().val()),
          securityQuestion: 'first_pet',
          securityAnswer: 'Schnurri',
        }).toString()
        // Each browser clicks twice: 16 requests at once.
        const init = { method: 'POST', body, headers: { 'Content-Type': 'application/x-www-form-urlencoded' } }
        return [client.send(page.url, init, false), client.send(page.url, init, false)]
      }),
    )
    const handedOver = ends.filter((page) => page.headers.get('location')?.includes('/oidc/'))
    expect(handedOver.length).toBeGreaterThanOrEqual(1)
    const winners = new Set(handedOver.map((page) => page.headers.get('location')))
    expect(winners.size).toBe(1)
    expect(ends.filter((page) => page.status >= 500)).toHaveLength(0)
  })
})
