import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.ts'
import { type Client, createClient, ownAddress, type Page } from '../../support/client.ts'
import { ask } from '../../support/stores/database.ts'
import { authorizationUrl, enterMtan, lena, somebody } from '../../support/walk.ts'

let app: TestApp
beforeAll(async () => {
  app = await startTestApp({ TRUST_PROXY: 'true' })
})
afterAll(() => app?.close())

type Headers = Record<string, string>
const own = (): Headers => ({ Origin: app.issuer })

/** Opens addresses as a browser without cookies does at its start: all first requests leave before an answer is there. */
async function openAtOnce(addresses: (string | undefined)[]): Promise<Client[]> {
  const tabs = await Promise.all(
    addresses.map(async (address) => {
      const tab = createClient(ownAddress())
      await tab.get(address ?? (await authorizationUrl(createClient(), app, {})))
      return tab
    }),
  )
  // Afterwards the browser has one cookie of each name: what the last answer set.
  const jar = new Map(tabs.flatMap((tab) => [...tab.cookies]))
  for (const tab of tabs) {
    tab.clearCookies()
    for (const [key, cookie] of jar) tab.cookies.set(key, cookie)
  }
  return tabs
}

let tries = 0
/** Another name each time: ten wrong passwords of one make a pause. */
const wrongOne = () => ({ username: `gibt.es.nicht.${++tries}`, password: 'falsch-falsch-1' })
const wrong = wrongOne()
const credentials = { insuranceNumber: 'A123456789', username: 'neu.hier', password: 'x', passwordRepeat: 'y' }

const isSignIn = (tab: Client) => tab.page().url.includes('/anmeldung/')

/** Sends the form of the tab and answers its page. */
async function send(tab: Client, headers: Headers, typed = isSignIn(tab) ? wrongOne() : credentials): Promise<Page> {
  const { target, body } = tab.form(typed)
  return await tab.post(target, body, headers)
}

const page = (path: string) => `${app.issuer}${path}`
const signIn = undefined
const mixtures = (): [string, (string | undefined)[]][] => [
  ['three sign-ins', [signIn, signIn, signIn]],
  ['three registrations', [page('/registrierung'), page('/registrierung'), page('/registrierung')]],
  ['sign-in, help, registration', [signIn, page('/hilfe'), page('/registrierung')]],
  ['registration, sign-in, start page', [page('/registrierung'), signIn, page('/')]],
  ['start page, registration, sign-in, help', [page('/'), page('/registrierung'), signIn, page('/hilfe')]],
]

describe('tabs opened at once', () => {
  it.each(['Origin', 'Sec-Fetch-Site', 'Referer'])('take each others’ forms, told apart by %s', async (header) => {
    for (const [name, addresses] of mixtures()) {
      const tabs = await openAtOnce(addresses)
      for (const tab of tabs.filter((each) => each.page().$('input[name="_csrf"]').length > 0)) {
        const value = { Origin: app.issuer, 'Sec-Fetch-Site': 'same-origin', Referer: tab.page().url }[header] ?? ''
        const typed = isSignIn(tab) ? wrongOne() : credentials
        const answer = await send(tab, { [header]: value }, typed)
        expect(answer.status, `${name}: ${answer.heading}`).toBe(422)
        expect(answer.$('[name="username"]').val(), name).toBe(typed.username)
      }
    }
  })

  it('still need the browser’s word: without it a token of another cookie is refused', async () => {
    const [first] = await openAtOnce([signIn, signIn])
    const answer = await send(first as Client, {})
    expect(answer.status).toBe(403)
    expect(answer.$('main a.button').attr('href')).toMatch(/^\/anmeldung\/[\w-]+\/passwort$/)
  })
})

describe('a form of somebody else', () => {
  const foreign: [string, () => Headers][] = [
    ['another origin', () => ({ Origin: 'https://evil.example' })],
    ['an opaque origin', () => ({ Origin: 'null' })],
    ['another port', () => ({ Origin: 'http://localhost:1' })],
    ['https instead of http', () => ({ Origin: app.issuer.replace('http:', 'https:') })],
    ['another site, says the browser', () => ({ 'Sec-Fetch-Site': 'cross-site' })],
    ['a sister host, says the browser', () => ({ ...own(), 'Sec-Fetch-Site': 'same-site' })],
    ['a page of another site', () => ({ Referer: 'https://evil.example/page' })],
    ['a page whose name begins like ours', () => ({ Referer: 'http://localhost.evil.example/' })],
    ['a page that is none', () => ({ Referer: `${app.issuer}.evil.example/` })],
  ]
  it.each(foreign)('is refused from %s, with a token of its own as with the right one', async (_name, headers) => {
    const [victim, attacker] = [createClient(ownAddress()), createClient(ownAddress())]
    for (const client of [victim, attacker]) await client.get(await authorizationUrl(createClient(), app, {}))
    const stolen = String(attacker.page().$('[name="_csrf"]').first().val())
    const { target, body } = victim.form(wrong)
    for (const sent of [body, String(new URLSearchParams({ ...wrong, _csrf: stolen }))]) {
      const answer = await victim.post(target, sent, headers())
      expect(answer.status).toBe(403)
      expect(answer.$('[name="username"]')).toHaveLength(0)
    }
  })

  it.each(['', 'nonsense', '0.0.0'])('with the token "%s" changes nothing, but keeps what was typed', async (token) => {
    const client = createClient(ownAddress())
    await client.get(page('/registrierung'))
    const fields = { ...credentials, _csrf: token }
    const answer = await client.post(page('/registrierung'), fields, own())
    expect(answer.status).toBe(403)
    expect(answer.$('[name="username"]').val()).toBe(credentials.username)
    expect(answer.$('[name="insuranceNumber"]').val()).toBe(credentials.insuranceNumber)
    expect(
      answer
        .$('[type="password"]')
        .toArray()
        .map((each) => answer.$(each).val() ?? ''),
    ).toEqual(['', ''])
    expect(answer.$('[role="alert"]').text()).toContain('noch einmal')
    // The page that came back is whole: sent again, it is looked at.
    expect((await send(client, own())).status).toBe(422)
  })

  it('is refused without any of the headers, with a way to open the page anew, which stays here', async () => {
    const client = createClient(ownAddress())
    await client.get(page('/registrierung'))
    expect((await client.post(page('/registrierung'), { ...credentials, _csrf: 'x' })).status).toBe(403)
    const answer = await client.post(`${app.issuer}//evil.example/x`, { _csrf: 'x' })
    expect(answer.$('main a.button').attr('href')).toMatch(/^\/(?!\/)/)
  })
})

describe('the browser that is known', () => {
  const devices = (client: Client) => [...client.cookies.keys()].filter((key) => key.endsWith('/device'))

  it('has no id before an account knows it, so that no late answer takes one away', async () => {
    const client = createClient(ownAddress())
    await client.get(page('/registrierung'))
    await client.get(await authorizationUrl(createClient(), app, {}))
    await send(client, own())
    expect(devices(client)).toEqual([])
  })

  it('stays known when another tab answers late', async () => {
    const client = createClient(ownAddress())
    const known = (await app.inbox.list('sms', lena.mobile)).length
    await client.get(await authorizationUrl(createClient(), app, {}))
    await client.submit({ username: lena.username, password: lena.password })
    // Asked without cookies, answered when the sign-in is over.
    const late = await Promise.all(['/', '/registrierung', '/hilfe'].map((path) => fetch(page(path))))
    const form = createClient(ownAddress())
    await form.get(await authorizationUrl(createClient(), app, {}))
    const { target, body } = form.form(wrong)
    const posted = await form.send(
      target,
      { method: 'POST', body, headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...own() } },
      false,
    )
    expect(new URL((await enterMtan(client, app, lena.mobile, known)).url).origin).toBe(app.demo)
    expect(devices(client)).toHaveLength(1)
    for (const answer of [...late, posted])
      expect(answer.headers.getSetCookie().filter((cookie) => cookie.startsWith('device='))).toEqual([])
    const [{ count } = { count: 0 }] = await ask<{ count: number }>(
      app,
      "select count(*)::int as count from known_browsers d join accounts a on a.id = d.account_id where a.username = 'lena.huber'",
    )
    expect(count).toBeGreaterThan(0)
  })
})

describe('two registrations begun at once', () => {
  it('never mix what two people typed', async () => {
    const [first, second] = (await openAtOnce([page('/registrierung'), page('/registrierung')])) as [Client, Client]
    const people = [somebody('A123456780'), somebody('B204581379')] as const
    const posts = [first, second].map((tab, index) => {
      const { insuranceNumber, username, password } = people[index as 0 | 1]
      return tab.form({ insuranceNumber, username, password, passwordRepeat: password, acceptTerms: 'yes' })
    })
    await Promise.all([first, second].map((tab, index) => tab.post(posts[index]!.target, posts[index]!.body, own())))
    for (const tab of [first, second]) expect(new URL(tab.page().url).pathname).toBe('/registrierung/kontakt')
    // The browser keeps the cookie of the second; the first tab still shows its own page.
    const jar = new Map([...first.cookies, ...second.cookies])
    for (const [key, cookie] of jar) first.cookies.set(key, cookie)
    const { target, body } = first.form({ email: people[0].email, mobile: people[0].mobile })
    const answer = await first.post(target, body, own())
    expect([409, 410]).toContain(answer.status)
    expect(answer.heading).not.toBe('')
    expect(await app.inbox.list('sms', people[0].mobile)).toEqual([])
  })
})
