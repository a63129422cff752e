import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startTestApp, type TestApp } from '../support/app.ts'
import { createClient, ownAddress } from '../support/client.ts'
import { words } from '../support/refusal.ts'
import { freshNumbers } from '../support/register.ts'
import { ask } from '../support/stores/database.ts'
import { begin, enterPassword, makeActive, type Person, register, signInAgain, somebody } from '../support/walk.ts'

const secret = 'a-secret-of-the-relay-0123456789abcdef'
const [active, matched, unmatched = ''] = ['A123456780', 'B204581379', ...freshNumbers(1)]
let app: TestApp
beforeAll(async () => {
  app = await startTestApp({ EMAIL_BOUNCE_SECRET: secret, TRUST_PROXY: 'true' })
})
afterAll(() => app?.close())

const browser = () => createClient(ownAddress())

/** Posts what a relay would; `changes` are what an attacker would try. */
async function post(report: object | string, changes: { secret?: string; age?: number; body?: string } = {}) {
  const body = typeof report === 'string' ? report : JSON.stringify({ bounces: [report] })
  const timestamp = String(Math.floor(Date.now() / 1000) - (changes.age ?? 0))
  const signature = createHmac('sha256', changes.secret ?? secret)
    .update(`${timestamp}.${body}`)
    .digest('hex')
  const response = await fetch(`${app.issuer}/hooks/email-bounces`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-Timestamp': timestamp, 'X-Signature': `sha256=${signature}` },
    body: changes.body ?? body,
  })
  return { status: response.status, text: await response.text() }
}

const accountOf = async ({ username }: Person) =>
  (
    await ask<{ id: string; email_bounce: string | null }>(app, 'select * from accounts where username = $1', [
      username,
    ])
  )[0]

/** The newest e-mail about the person comes back. */
async function bounce(person: Person, status: string) {
  const account = await accountOf(person)
  const [message] = await ask<{ id: string }>(
    app,
    "select id from messages where account_id = $1 and kind = 'email' order by position desc limit 1",
    [account?.id],
  )
  return await post({ messageId: `<${message?.id}@localhost>`, status })
}

it('a report counts only with a fresh signature, and tells nobody whether the address is known', async () => {
  const person = somebody(matched)
  await register(browser(), app, person)
  const report = { address: person.email, status: '5.1.1' }
  expect(await post(report, { secret: 'another-secret-0123456789-0123456789' })).toEqual({ status: 401, text: '' })
  expect(await post(report, { age: 301 })).toEqual({ status: 401, text: '' })
  expect(await post(report, { age: -400 })).toEqual({ status: 401, text: '' })
  const other = JSON.stringify({ bounces: [{ ...report, status: '4.1.1' }] })
  expect((await post(report, { body: other })).status).toBe(401)
  expect((await fetch(`${app.issuer}/hooks/email-bounces`, { method: 'POST', body: '{}' })).status).toBe(401)
  expect((await accountOf(person))?.email_bounce).toBeNull()
  expect(await post('{"bounces":1}')).toEqual({ status: 400, text: '' })
  expect(await post({ address: 'nobody@example.org', status: '5.1.1' })).toEqual({ status: 204, text: '' })
  expect(await post(report)).toEqual({ status: 204, text: '' })
  expect((await accountOf(person))?.email_bounce).toBe('no_mailbox')
})

it('a person who has not activated reads that the e-mail came back, alike whether the register knows the number', async () => {
  const pages: string[] = []
  for (const number of [matched, unmatched]) {
    const person = somebody(number)
    await register(browser(), app, person)
    expect((await bounce(person, '5.1.1')).status).toBe(204)
    const client = browser()
    await begin(client, app)
    const page = await enterPassword(client, person)
    expect(new URL(page.url).pathname).toMatch(/nicht-aktiviert$/)
    const text = words(page)
    expect(text).toContain('Unsere E-Mail an m•••@example.org kam zurück: Dieses Postfach gibt es nicht.')
    expect(text).toContain('registrieren Sie sich bitte noch einmal')
    pages.push(text)
    await client.get(`${page.url}?ui_locales=en`)
    expect(words(client.page())).toContain('Our e-mail to m•••@example.org came back: this mailbox does not exist.')
  }
  expect(pages[0]).toBe(pages[1])
})

it('a member is told once after the mTAN, and goes on to the application', async () => {
  const person = somebody(active)
  await makeActive(app, person)
  await bounce(person, '5.2.2')
  const notice = await signInAgain(browser(), app, person)
  expect(new URL(notice.url).pathname).toMatch(/e-mail-adresse$/)
  expect(words(notice)).toContain('Unsere E-Mail an m•••@example.org kam zurück: Das Postfach ist voll.')

  const second = browser()
  await signInAgain(second, app, person)
  expect(new URL((await second.submit({})).url).origin).toBe(app.demo)
  const third = await signInAgain(browser(), app, person)
  expect(new URL(third.url).origin).toBe(app.demo)
  // Another bounce is told anew.
  await bounce(person, '5.1.1')
  expect(new URL((await signInAgain(browser(), app, person)).url).pathname).toMatch(/e-mail-adresse$/)
})

it('an address behind the member’s marks nobody, also where the relay names it beside the message', async () => {
  const person = somebody(freshNumbers(1)[0] ?? '')
  await register(browser(), app, person)
  const account = await accountOf(person)
  const [message] = await ask<{ id: string }>(app, 'select id from messages where account_id = $1', [account?.id])
  const report = { messageId: `<${message?.id}@localhost>`, status: '5.1.1' }
  expect((await post({ ...report, address: 'elsewhere@example.net' })).status).toBe(204)
  expect((await accountOf(person))?.email_bounce).toBeNull()
  expect((await post({ ...report, address: person.email })).status).toBe(204)
  expect((await accountOf(person))?.email_bounce).toBe('no_mailbox')
})
