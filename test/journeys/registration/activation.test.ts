import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.ts'
import { createClient, ownAddress, type Page } from '../../support/client.ts'
import { words } from '../../support/refusal.ts'
import { ask } from '../../support/stores/database.ts'
import {
  activate,
  begin,
  enterCredentials,
  enterPassword,
  type Person,
  register,
  runJobs,
  somebody,
} from '../../support/walk.ts'

let app: TestApp
beforeAll(async () => {
  app = await startTestApp({ TRUST_PROXY: 'true', IP_LIMIT_FACTOR: '1' })
})
afterAll(() => app?.close())

const browser = () => createClient(ownAddress())
const at = (page: Page) => new URL(page.url).pathname
const stateOf = async (person: Person) =>
  (await ask<{ state: string }>(app, 'select state from accounts where username = $1', [person.username]))[0]?.state

async function registered(insuranceNumber = 'A123456780'): Promise<Person> {
  const person = somebody(insuranceNumber)
  await register(browser(), app, person)
  return person
}
/** A browser that has just activated a registration. */
async function withResult() {
  const [person, client] = [await registered(), browser()]
  await activate(client, app, person)
  return client
}
const linkOf = async (person: Person, after = 0) => (await app.inbox.next('email', person.email, after)).link ?? ''

/** A dead link: 410, a page that says what happened, and a way on. */
function expectDead(page: Page): void {
  expect(page.status).toBe(410)
  expect(page.heading).not.toBe('')
  expect(page.$('main a[href]').length).toBeGreaterThan(0)
  expect(page.$('main form')).toHaveLength(0)
  expect(page.headers.get('cache-control')).toContain('no-store')
}

describe('the activation link', () => {
  it('changes nothing when it is looked at, and activates by the button', async () => {
    const person = await registered()
    const link = await linkOf(person)
    const scanner = browser()
    for (let turn = 0; turn < 3; turn++) expect((await scanner.get(link)).status).toBe(200)
    await fetch(link, { method: 'HEAD' })
    expect(await stateOf(person)).toBe('pending_activation')
    const client = browser()
    await client.get(link)
    const done = await client.submit({}, { button: 'Jetzt aktivieren' })
    expect(done.status).toBe(200)
    expect(done.url).not.toContain(link.slice(-43))
    expect(words(done)).toMatch(/Brief/)
    expect(words(done)).toMatch(/\d{1,2}\. [A-ZÄ][a-zä]+ 20\d\d/)
    await runJobs(app)
    expect(await stateOf(person)).toBe('letter_posted')
  })

  it('shows its result to the browser that used it, however often, and to nobody else', async () => {
    const person = await registered()
    const client = browser()
    const done = await activate(client, app, person)
    expect(done.url).toBe(`${app.issuer}/aktivierung`)
    const again = await client.get(`${app.issuer}/aktivierung`)
    expect([again.status, again.heading]).toEqual([200, done.heading])
    expectDead(await browser().get(`${app.issuer}/aktivierung`))
    const english = await client.get(`${app.issuer}/aktivierung?lang=en`)
    expect([english.status, english.$('html').attr('lang')]).toEqual([200, 'en'])
  })

  it.each(['?brief=2031-05-05', '?letterDay=2031-05-05', '?activated=2031-05-05', '/2031-05-05', '#2031-05-05'])(
    'has no result that an address could make up: %s',
    async (address) => {
      for (const client of [browser(), await withResult()]) {
        const page = await client.get(`${app.issuer}/aktivierung${address}`)
        expect(words(page)).not.toMatch(/2031|5\. Mai/)
      }
      expectDead(await browser().get(`${app.issuer}/aktivierung${address}`))
    },
  )

  it('has no result that a cookie could make up: changed, unsigned, or signed for something else', async () => {
    const client = await withResult()
    const [key, cookie] = [...client.cookies].find(([name]) => name.endsWith('/activated')) ?? []
    const [, other] = [...client.cookies].find(([name]) => name.endsWith('/csrf')) ?? []
    const [sigKey, signature] = [...client.cookies].find(([name]) => name.endsWith('/activated.sig')) ?? []
    const [, otherSignature] = [...client.cookies].find(([name]) => name.endsWith('/csrf.sig')) ?? []
    if (!key || !sigKey || !cookie || !signature || !other || !otherSignature) throw new Error('cookies were expected')
    const named = (name: string, { value }: { value: string }) => `${name}=${value.slice(value.indexOf('=') + 1)}`
    const set = async (value: string, sig?: string) => {
      client.cookies.set(key, { ...cookie, value })
      if (sig) client.cookies.set(sigKey, { ...signature, value: sig })
      else client.cookies.delete(sigKey)
      return await client.get(`${app.issuer}/aktivierung`)
    }
    expectDead(await set('activated=2031-05-05', signature.value))
    expectDead(await set('activated=2031-05-05'))
    expectDead(await set(named('activated', other), named('activated.sig', otherSignature)))
    expect((await set(cookie.value, signature.value)).status).toBe(200)
  })

  it('works from another browser, with a form of that browser only', async () => {
    const person = await registered()
    const link = await linkOf(person)
    const refused = await browser().post(link, { _csrf: 'made-up' })
    expect([400, 403]).toContain(refused.status)
    expect(await stateOf(person)).toBe('pending_activation')
    expect((await activate(browser(), app, person)).status).toBe(200)
  })

  it('says that it was used already', async () => {
    const person = await registered()
    const link = await linkOf(person)
    const client = browser()
    await client.get(link)
    const form = client.form({}, { button: 'Jetzt aktivieren' })
    await client.post(form.target, form.body)
    expectDead(await client.post(form.target, form.body))
    const again = await browser().get(link)
    expectDead(again)
    expect(words(again)).toMatch(/bereits|schon/)
    await runJobs(app)
    expect(await app.inbox.list('letter', person.insuranceNumber)).not.toHaveLength(0)
  })

  it('activates once when the button is pressed many times at once', async () => {
    const person = await registered('T135792469')
    const client = browser()
    await client.get(await linkOf(person))
    const { target, body } = client.form({}, { button: 'Jetzt aktivieren' })
    const init = { method: 'POST', body, headers: { 'Content-Type': 'application/x-www-form-urlencoded' } }
    const pages = await Promise.all(Array.from({ length: 8 }, () => client.send(target, init, false)))
    expect(pages.filter((page) => page.status === 303)).toHaveLength(1)
    expect(pages.filter((page) => page.status === 410)).toHaveLength(7)
    await runJobs(app)
    expect(await app.inbox.list('letter', person.insuranceNumber)).toHaveLength(1)
  })

  it.each([
    ['unknown', 'A'.repeat(43)],
    ['too short', 'abc'],
    ['too long', 'A'.repeat(900)],
    ['no token at all', '%F0%9F%98%80'],
  ])('has a page for a link that is %s', async (_what, token) => {
    expectDead(await browser().get(`${app.issuer}/aktivierung/${token}`))
  })

  it('has a page for an altered link', async () => {
    const person = await registered()
    const link = await linkOf(person)
    const altered = link.slice(0, -1) + (link.endsWith('A') ? 'B' : 'A')
    expectDead(await browser().get(altered))
    expect((await browser().get(link)).status).toBe(200)
  })

  it('stands in an e-mail in HTML and in plain text, with its last day', async () => {
    const person = await registered()
    const mail = await app.inbox.next('email', person.email)
    expect(mail.subject).toBe('Bitte bestätigen Sie Ihre Registrierung')
    expect(mail.text).toContain(mail.link)
    expect(mail.html).toContain(mail.link)
    expect(mail.text).toMatch(/\d{1,2}\. [A-ZÄ][a-zä]+ 20\d\d/)
    expect(mail.text).toContain('0800 2 767676')
    expect(mail.html).not.toMatch(/<img|https?:\/\/(?!localhost)/)
    for (const secret of [person.password, person.insuranceNumber]) expect(mail.text + mail.html).not.toContain(secret)
  })
})

describe('the four weeks', () => {
  it('are reminded of after 7 and 21 days, live on day 28 and are over on day 29', async () => {
    const person = await registered('Z987654321')
    const early = await registered('Z987654321')
    const mails = async () => (await app.inbox.list('email', person.email)).length
    const first = await linkOf(person)
    await app.advance('P6D')
    expect(await mails()).toBe(1)
    await app.advance('P1D')
    expect(await mails()).toBe(2)
    await Promise.all([runJobs(app), runJobs(app)])
    expect(await mails()).toBe(2)
    await app.advance('P13D')
    expect(await mails()).toBe(2)
    await app.advance('P1D')
    expect(await mails()).toBe(3)
    await app.advance('P7D')
    expect(await mails()).toBe(3)

    // Day 28: the first link and those of the reminders still work.
    expect((await browser().get(first)).status).toBe(200)
    expect((await browser().get(await linkOf(person, 2))).status).toBe(200)
    expect((await activate(browser(), app, early)).status).toBe(200)
    expect(at(await signIn(person))).toMatch(/nicht-aktiviert$/)
    const taken = await enterCredentials(browser(), app, somebody('B204581379', { username: person.username }))
    expect(taken.error('username')).toContain('vergeben')

    await app.advance('P1D')
    expect(await stateOf(person)).toBeUndefined()
    const late = await browser().get(first)
    expectDead(late)
    expect(words(late)).toMatch(/abgelaufen|gelöscht/)
    expect(late.$('main a[href^="/registrierung"]').length).toBeGreaterThan(0)
    expect((await signIn(person)).status).toBe(422)
    const free = await enterCredentials(browser(), app, somebody('B204581379', { username: person.username }))
    expect(at(free)).toBe('/registrierung/kontakt')
    expect(await stateOf(early)).toBe('letter_posted')
    expect(await mails()).toBe(3)
  })

  it('leave nothing personal behind', async () => {
    const person = await registered()
    const [account] = await ask<{ id: string }>(app, 'select id from accounts where username = $1', [person.username])
    await app.advance('P29D')
    await Promise.all([runJobs(app), runJobs(app), runJobs(app)])
    for (const table of ['known_browsers', 'activation_links', 'unlock_letters', 'browser_links'])
      expect(await ask(app, `select * from ${table} where account_id = $1`, [account?.id]), table).toHaveLength(0)
    const events = await ask<{ rest: string }>(app, 'select e::text as rest from audit_events e')
    for (const value of [person.username, person.email, person.mobile])
      expect(events.filter((event) => event.rest.includes(value))).toHaveLength(0)
    const deleted = events.filter(
      (event) => event.rest.includes(account?.id ?? '-') && event.rest.includes('not_activated'),
    )
    expect(deleted).toHaveLength(1)
  })
})

async function signIn(person: Person): Promise<Page> {
  const client = browser()
  await begin(client, app)
  return await enterPassword(client, person)
}
