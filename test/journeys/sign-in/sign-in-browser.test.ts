import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.ts'
import { type Client, createClient, ownAddress, type Page } from '../../support/client.ts'
import { words } from '../../support/refusal.ts'
import { freshNumbers, importMembers } from '../../support/register.ts'
import { ask } from '../../support/stores/database.ts'
import {
  authorizationUrl,
  awaitLetter,
  begin,
  enterMtan,
  enterPassword,
  makeActive,
  type Person,
  somebody,
} from '../../support/walk.ts'

let app: TestApp
const numbers = freshNumbers(9, 'V')
let person: Person
beforeAll(async () => {
  app = await startTestApp({ TRUST_PROXY: 'true', IP_LIMIT_FACTOR: '1' })
  await importMembers(
    app,
    numbers.map((insuranceNumber) => ({ insuranceNumber })),
  )
})
afterAll(() => app?.close())

// A person for each test, because the budget of a number is ten an hour.
async function active(): Promise<Person> {
  person = somebody(numbers.pop() ?? '')
  await makeActive(app, person)
  return person
}

const browser = () => createClient(ownAddress())
const at = (page: Page) => new URL(page.url).pathname
const uidOf = (page: Page) => at(page).split('/')[2] ?? ''
const sent = async () => (await app.inbox.list('sms', person.mobile)).length
const form = { 'Content-Type': 'application/x-www-form-urlencoded' }

/** A page that says what happened and has one way on. */
function expectSensible(page: Page, status: number): void {
  expect(page.status, page.heading).toBe(status)
  expect(page.heading).not.toBe('')
  expect(page.$('main a[href], main form button').length).toBeGreaterThan(0)
  expect(words(page)).not.toMatch(/undefined|\[object|errors\./)
}

async function toMtan(client: Client = browser()): Promise<{ client: Client; page: Page; code: string }> {
  await begin(client, app)
  const known = await sent()
  const page = await enterPassword(client, person)
  expect(at(page)).toMatch(/mtan$/)
  return { client, page, code: (await app.inbox.next('sms', person.mobile, known)).code ?? '' }
}

describe('the password page', () => {
  it('names the application that asks, and has the ways for those who cannot sign in', async () => {
    const page = await begin(browser(), app)
    expect(at(page)).toMatch(/^\/anmeldung\/[\w-]+\/passwort$/)
    expect(page.$('body').text()).toMatch(/Sie melden sich an bei/)
    for (const href of ['/registrierung', '/passwort-vergessen', '/hilfe'])
      expect(page.$(`a[href^="${href}"]`).length, href).toBeGreaterThan(0)
    expect(page.$('body').text()).toContain('0800 2 767676')
  })
})

describe('in the browser', () => {
  it('every other step leads to the current one', async () => {
    const client = browser()
    const uid = uidOf(await begin(client, app))
    for (const step of ['', '/mtan', '/freischaltcode', '/sicherheitsfrage', '/neuer-freischaltcode', '/gibtesnicht'])
      expect(at(await client.get(`${app.issuer}/anmeldung/${uid}${step}`)), step).toBe(`/anmeldung/${uid}/passwort`)
  })

  it('the back button and a reload send no SMS', async () => {
    await active()
    const client = browser()
    const start = await begin(client, app)
    const old = client.form({ username: person.username, password: person.password })
    const known = await sent()
    const mtan = await client.post(old.target, old.body)
    const code = (await app.inbox.next('sms', person.mobile, known)).code ?? ''
    expect(at(await client.get(start.url))).toBe(at(mtan))
    expect(at(await client.post(old.target, old.body))).toBe(at(mtan))
    for (let turn = 0; turn < 3; turn++) await client.get(mtan.url)
    expect(await sent()).toBe(known + 1)
    const last = client.form({ mtan: code })
    expect(new URL((await client.post(last.target, last.body)).url).origin).toBe(app.demo)
    // Back again, after the end: nothing is sent and nothing breaks.
    for (const page of [await client.get(mtan.url), await client.post(last.target, last.body)]) {
      expect(page.status).toBeLessThan(500)
      expect(page.heading).not.toBe('')
    }
    expect(await sent()).toBe(known + 1)
  })

  it('a double click moves once and sends one SMS', async () => {
    await active()
    const client = browser()
    await begin(client, app)
    const known = await sent()
    const { target, body } = client.form({ username: person.username, password: person.password })
    const pages = await Promise.all([client.post(target, body), client.post(target, body)])
    for (const page of pages) expect(at(page)).toMatch(/mtan$/)
    await app.inbox.next('sms', person.mobile, known)
    expect(await sent()).toBe(known + 1)
    expect(new URL((await enterMtan(client, app, person.mobile, known)).url).origin).toBe(app.demo)
  })

  it('two tabs go each their way, and the later one says that it is done', async () => {
    await active()
    const client = browser()
    const first = await begin(client, app)
    const second = await begin(client, app)
    expect(uidOf(first)).not.toBe(uidOf(second))
    const csrf = String(second.$('[name="_csrf"]').first().val())
    const known = await sent()
    const fields = { _csrf: csrf, username: person.username, password: person.password }
    const mtan = await client.post(second.url, fields)
    const code = (await app.inbox.next('sms', person.mobile, known)).code ?? ''
    expect(new URL((await client.post(mtan.url, { _csrf: csrf, mtan: code })).url).origin).toBe(app.demo)
    // The first tab can still be finished; whatever it meets is a page.
    const again = await client.post(first.url, fields)
    expect(again.status).toBeLessThan(500)
    expect(at(again)).toMatch(/mtan$/)
    const other = (await app.inbox.next('sms', person.mobile, known + 1)).code ?? ''
    const end = await client.post(again.url, { _csrf: csrf, mtan: other })
    expect(end.status).toBeLessThan(500)
    expect(end.heading).not.toBe('')
  })

  it('without cookies, or in another browser, a page says so', async () => {
    const client = browser()
    const start = await begin(client, app)
    expectSensible(await browser().get(start.url), 400)
    const { target, body } = client.form({ username: 'lena.huber', password: 'x' })
    client.clearCookies()
    const page = await client.post(target, body)
    expectSensible(page, 400)
    expect(words(page)).toContain('Cookies')
  })

  it('a sign-in that began elsewhere is not gone on with, though somebody planted its cookies here', async () => {
    const [stranger, member] = [browser(), browser()]
    const page = await begin(stranger, app)
    for (const [key, cookie] of stranger.cookies) if (cookie.path !== '/') member.cookies.set(key, cookie)
    for (const path of ['', '/passwort', '/einwilligung']) {
      await member.get(page.url)
      const shown = await member.get(new URL(`/anmeldung/${uidOf(page)}${path}`, page.url).href)
      expectSensible(shown, 400)
      expect(shown.$('input[type="password"]')).toHaveLength(0)
    }
  })

  it('an answer that somebody else has finished elsewhere signs nobody in here, though its cookies were planted', async () => {
    await active()
    const [stranger, member] = [browser(), browser()]
    const { code } = await toMtan(stranger)
    const { target, body } = stranger.form({ mtan: code })
    const onward = (await stranger.send(target, { method: 'POST', body, headers: form }, false)).headers.get('location')
    const address = new URL(onward ?? '', app.issuer)
    expect(address.pathname).toMatch(/^\/oidc\/auth\/[\w-]+$/)
    // Of a sign-in of her own, too, the address does not take up another's answer.
    const own = uidOf(await begin(member, app))
    const planted = [...stranger.cookies.values()].filter(({ value }) => value.startsWith('resume'))
    for (const path of [address.pathname, `/oidc/auth/${own}`]) {
      for (const cookie of planted)
        member.cookies.set(`${cookie.host}${path}${cookie.value.split('=')[0]}`, { ...cookie, path })
      const shown = await member.get(new URL(path, app.issuer).href)
      expectSensible(shown, 400)
      expect([...member.cookies.values()].some(({ value }) => value.startsWith('session='))).toBe(false)
    }
    // Where it began, it goes on.
    expect(new URL((await stranger.get(address.href)).url).origin).toBe(app.demo)
  })

  it('keeps ten sign-ins open at once, and no more cookies', async () => {
    const client = browser()
    const pages: Page[] = []
    for (let turn = 0; turn < 13; turn++) pages.push(await begin(client, app))
    expect([...client.cookies.keys()].filter((key) => /begun-[\w-]+$/.test(key))).toHaveLength(10)
    expect((await client.get(pages.at(-1)?.url ?? '')).status).toBe(200)
    expectSensible(await client.get(pages[0]?.url ?? ''), 400)
  })

  it('a sign-in that nobody began has a page with a way on', async () => {
    for (const path of ['gibtesnicht123', 'A'.repeat(43), `${'A'.repeat(43)}/passwort`, '%F0%9F%98%80'])
      expectSensible(await browser().get(`${app.issuer}/anmeldung/${path}`), 410)
  })

  it('a sign-in that is done already says so', async () => {
    await active()
    const { client, page, code } = await toMtan()
    expect(new URL((await client.submit({ mtan: code })).url).origin).toBe(app.demo)
    expectSensible(await client.get(page.url), 410)
  })

  it('cancelling leads back with access_denied, state and iss', async () => {
    const client = browser()
    await client.peek(`${app.demo}/login`)
    const asked = new URL(client.page().headers.get('location') ?? '')
    await client.get(asked.href)
    const cancel = client.form({}, { button: 'Abbrechen' })
    expect(new URL(cancel.target).pathname).toMatch(/\/abbrechen$/)
    let page = await client.send(cancel.target, { method: 'POST', body: cancel.body, headers: form }, false)
    let location = new URL(page.headers.get('location') ?? '', page.url)
    for (let hop = 0; hop < 5 && location.origin === app.issuer; hop++) {
      page = await client.peek(location.href)
      location = new URL(page.headers.get('location') ?? '', page.url)
    }
    expect(location.origin).toBe(app.demo)
    expect(location.searchParams.get('error')).toBe('access_denied')
    expect(location.searchParams.get('state')).toBe(asked.searchParams.get('state'))
    expect(location.searchParams.get('iss')).toBe(app.issuer)
    expect([...client.cookies.keys()].some((name) => name.endsWith('_session'))).toBe(false)
  })

  it('one of 16 mTANs sent at once wins, and all end at the same place', async () => {
    await active()
    const { client, page, code } = await toMtan()
    const { body } = client.form({ mtan: code })
    const count = async () =>
      (
        await ask<{ count: number }>(
          app,
          "select count(*)::int as count from audit_events e join accounts a on a.id = e.account_id where a.username = $1 and e.type like '%sign_in%succe%'",
          [person.username],
        )
      )[0]?.count ?? 0
    const before = await count()
    const pages = await Promise.all(
      Array.from({ length: 16 }, () => client.send(page.url, { method: 'POST', body, headers: form }, false)),
    )
    expect(pages.filter((each) => each.status >= 500)).toHaveLength(0)
    const ends = new Set(pages.map((each) => each.headers.get('location')).filter((each) => each?.includes('/oidc/')))
    expect(ends.size).toBe(1)
    expect(await count()).toBe(before + 1)
    const end = await client.get([...ends][0] ?? '')
    expect(new URL(end.url).origin).toBe(app.demo)
  })
})

describe('a browser that is known', () => {
  it('stays known as long as somebody signs in with it', async () => {
    await active()
    const client = browser()
    const finish = async () => {
      const { code } = await toMtan(client)
      const { target, body } = client.form({ mtan: code })
      const { headers } = await client.send(target, { method: 'POST', body, headers: form }, false)
      for (const key of [...client.cookies.keys()]) if (/session|interaction/.test(key)) client.cookies.delete(key)
      const cookie = headers.getSetCookie().find((line) => line.startsWith('device='))
      const [, value, expires = ''] = /^device=([^;]+);.*expires=([^;]+)/i.exec(cookie ?? '') ?? []
      return { value, days: (Date.parse(expires) - Date.now()) / 86_400_000 }
    }
    const first = await finish()
    expect(first.days).toBeGreaterThan(399)
    const again = await finish()
    expect(again.value).toBe(first.value)
    expect(again.days).toBeGreaterThan(399)
  })
})

describe('what an application may ask for', () => {
  it('a user name to begin with, and a language', async () => {
    const client = browser()
    const page = await client.get(await authorizationUrl(client, app, { login_hint: 'lena.huber', ui_locales: 'en' }))
    expect(page.$('html').attr('lang')).toBe('en')
    expect(page.$('[name="username"]').val()).toBe('lena.huber')
  })

  it('a sign-in anew, with prompt=login and max_age=0', async () => {
    await active()
    const { client, code } = await toMtan()
    await client.submit({ mtan: code })
    // The session spares the pages …
    const silent = await client.get(await authorizationUrl(client, app, { prompt: 'none' }))
    expect(new URL(silent.url).origin).toBe(app.demo)
    expect(new URL(silent.url).searchParams.get('error')).toBeNull()
    // … unless the application asks for them.
    for (const changes of [{ prompt: 'login' }, { max_age: '0' }] as Record<string, string>[])
      expect(at(await client.get(await authorizationUrl(client, app, changes)))).toMatch(/\/passwort$/)
  })

  it('with prompt=none, to be told that nobody is signed in, before the last step', async () => {
    person = somebody(numbers.pop() ?? '')
    await awaitLetter(app, person)
    const client = browser()
    await begin(client, app)
    expect(at(await enterPassword(client, person))).toMatch(/freischaltcode$/)
    const page = await client.peek(await authorizationUrl(client, app, { prompt: 'none' }))
    expect(new URL(page.headers.get('location') ?? '').searchParams.get('error')).toBe('login_required')
  })
})
