import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { backends, startTestApp, type TestApp } from '../../support/app.ts'
import { type Client, createClient, ownAddress, type Page } from '../../support/client.ts'
import { entered, expectRefused, words } from '../../support/refusal.ts'
import { ask, holdLock } from '../../support/stores/database.ts'
import { enterCredentials, type Person, register, somebody } from '../../support/walk.ts'

let app: TestApp
beforeAll(async () => {
  app = await startTestApp({ TRUST_PROXY: 'true', IP_LIMIT_FACTOR: '1' })
})
afterAll(() => app?.close())

const at = (page: Page) => new URL(page.url).pathname
const sent = async (mobile: string) => (await app.inbox.list('sms', mobile)).length
const newest = async (person: Person) => (await app.inbox.next('sms', person.mobile)).code ?? ''
/** Another code than the right one. */
const other = (code: string) => String((Number(code) + 1) % 1_000_000).padStart(6, '0')

/** A browser at the mTAN page, with one SMS sent. */
async function toMtan(
  person = somebody('A123456780'),
  client = createClient(ownAddress()),
): Promise<{ client: Client; person: Person; page: Page }> {
  await enterCredentials(client, app, person)
  const page = await client.submit({ email: person.email, mobile: person.mobile })
  expect(at(page)).toBe('/registrierung/mtan')
  return { client, person, page }
}

describe('the mTAN of the registration', () => {
  it.each([
    ['empty', ''],
    ['letters', 'abcdef'],
    ['too short', '12345'],
    ['too long', '1234567'],
    ['endless', '1'.repeat(9000)],
    ['a control character', '12\u00003456'],
  ])('refuses what is no mTAN (%s), without counting a try', async (_what, mtan) => {
    const { client, person } = await toMtan()
    for (let turn = 0; turn < 4; turn++) expectRefused(await client.submit({ mtan }), 'mtan')
    expect(at(await client.submit({ mtan: await newest(person) }))).toBe('/registrierung/fertig')
  })

  it('accepts blanks between the digits', async () => {
    const { client, person } = await toMtan()
    const code = await newest(person)
    expect(at(await client.submit({ mtan: ` ${code.slice(0, 3)} ${code.slice(3)} ` }))).toBe('/registrierung/fertig')
  })

  it('is used up after three wrong ones; the right one helps no more, a new one does', async () => {
    const { client, person } = await toMtan()
    const code = await newest(person)
    const messages: (string | undefined)[] = []
    for (let turn = 0; turn < 3; turn++) {
      const page = await client.submit({ mtan: other(code) })
      expectRefused(page, 'mtan')
      messages.push(page.error('mtan'))
    }
    expect(messages[2]).not.toBe(messages[1])
    expectRefused(await client.submit({ mtan: code }), 'mtan')
    await app.advance('PT31S')
    expect((await resend(client)).status).toBe(200)
    await app.inbox.next('sms', person.mobile, 1)
    expect(at(await client.submit({ mtan: await newest(person) }))).toBe('/registrierung/fertig')
  })

  it('ends after five minutes', async () => {
    const early = await toMtan()
    await app.advance('PT4M50S')
    expect(at(await early.client.submit({ mtan: await newest(early.person) }))).toBe('/registrierung/fertig')
    const late = await toMtan()
    await app.advance('PT5M1S')
    const page = await late.client.submit({ mtan: await newest(late.person) })
    expectRefused(page, 'mtan')
    expect(page.error('mtan')).not.toMatch(/stimmt nicht|passt nicht/)
  })

  it('is sent again after 30, 60, 120 and 120 seconds, five times at most', async () => {
    const { client, person } = await toMtan()
    for (const [turn, seconds] of [30, 60, 120, 120].entries()) {
      expectRefused(await resend(client), 'mtan')
      await app.advance(`PT${seconds - 3}S`)
      expectRefused(await resend(client), 'mtan')
      expect(await sent(person.mobile)).toBe(turn + 1)
      await app.advance('PT3S')
      expect((await resend(client)).status).toBe(200)
      await app.inbox.next('sms', person.mobile, turn + 1)
    }
    await app.advance('PT10M')
    expectRefused(await resend(client), 'mtan')
    expect(await sent(person.mobile)).toBe(5)
  })

  it('voids the older mTAN when a new one is sent', async () => {
    const { client, person } = await toMtan()
    const first = await newest(person)
    await app.advance('PT31S')
    await resend(client)
    await app.inbox.next('sms', person.mobile, 1)
    const second = await newest(person)
    if (first !== second) expectRefused(await client.submit({ mtan: first }), 'mtan')
    expect(at(await client.submit({ mtan: second }))).toBe('/registrierung/fertig')
  })

  it('is not sent by a reload, and once by a double click', async () => {
    const { client, person, page } = await toMtan()
    for (let turn = 0; turn < 3; turn++) expect((await client.get(page.url)).status).toBe(200)
    expect(await sent(person.mobile)).toBe(1)

    const double = somebody('A123456780')
    const browser = createClient(ownAddress())
    await enterCredentials(browser, app, double)
    const { target, body } = browser.form({ email: double.email, mobile: double.mobile })
    const clicks = await Promise.all([browser.post(target, body), browser.post(target, body)])
    for (const click of clicks) expect(at(click)).toBe('/registrierung/mtan')
    expect(await sent(double.mobile)).toBe(1)
  })

  it('goes to one number at most five times a day from one place; the owner gets hers all the same', async () => {
    const mobile = somebody('A123456780').mobile
    const place = ownAddress()
    for (let turn = 0; turn < 5; turn++) {
      await toMtan(somebody('A123456780', { mobile }), createClient(place))
      await expect.poll(() => sent(mobile)).toBe(turn + 1)
    }
    const { client, page } = await toMtan(somebody('A123456780', { mobile }), createClient(place))
    expect(await sent(mobile)).toBe(5)
    expect(words(page)).not.toMatch(/undefined|NaN|errors\./)
    expectRefused(await client.submit({ mtan: '123456' }), 'mtan')
    const owner = await toMtan(somebody('A123456780', { mobile }))
    await expect.poll(() => sent(mobile)).toBe(6)
    expect(at(await owner.client.submit({ mtan: await newest(owner.person) }))).toBe('/registrierung/fertig')
    await app.advance('P1D')
    await toMtan(somebody('A123456780', { mobile }), createClient(place))
    await expect.poll(() => sent(mobile)).toBe(7)
  })

  it('goes to one number at most twenty times a day from everywhere: no telephone rings all day', async () => {
    const mobile = somebody('A123456780').mobile
    for (let turn = 0; turn < 20; turn++) await toMtan(somebody('A123456780', { mobile }))
    await expect.poll(() => sent(mobile)).toBe(20)
    const { client } = await toMtan(somebody('A123456780', { mobile }))
    expectRefused(await client.submit({ mtan: '123456' }), 'mtan')
    expect(await sent(mobile)).toBe(20)
  })

  it('goes to another number when the person changes it; the old code confirms nothing', async () => {
    const { client, person } = await toMtan()
    const old = await newest(person)
    const contact = await client.submit({ action: 'change' }, { action: 'change' })
    expect(at(contact)).toBe('/registrierung/kontakt')
    expect(entered(contact, 'email')).toBe(person.email)
    const mobile = somebody('A123456780').mobile
    expect(at(await client.submit({ email: person.email, mobile }))).toBe('/registrierung/mtan')
    const code = (await app.inbox.next('sms', mobile)).code ?? ''
    if (old !== code) expectRefused(await client.submit({ mtan: old }), 'mtan')
    expect(at(await client.submit({ mtan: code }))).toBe('/registrierung/fertig')
  })

  it('is not sent again to who comes back with the same number; the one on its way still counts', async () => {
    const { client, person } = await toMtan()
    const code = await newest(person)
    await client.submit({ action: 'change' }, { action: 'change' })
    const back = await client.submit({ email: `neu.${person.email}`, mobile: person.mobile })
    expect(at(back)).toBe('/registrierung/mtan')
    expect(await sent(person.mobile)).toBe(1)
    expectRefused(await resend(client), 'mtan')
    expect(at(await client.submit({ mtan: code }))).toBe('/registrierung/fertig')
  })

  it('counts changes of the number into the five of the journey', async () => {
    const { client, person } = await toMtan()
    const numbers = Array.from({ length: 6 }, () => somebody('A123456780').mobile)
    for (const mobile of numbers) {
      await client.submit({ action: 'change' }, { action: 'change' })
      await client.submit({ email: person.email, mobile })
    }
    expectRefused(await resend(client), 'mtan')
    const counts = await Promise.all([person.mobile, ...numbers].map(sent))
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(5)
  })

  it('tells in the SMS what it is for and ends with the line that binds it to the origin', async () => {
    const { person } = await toMtan()
    const sms = await app.inbox.next('sms', person.mobile)
    expect(sms.text).toMatch(/Registrierung/)
    expect(sms.text.trimEnd().split('\n').at(-1)).toBe(`@${new URL(app.issuer).hostname} #${sms.code}`)
  })
})

describe('the end of the registration', () => {
  it('goes back to the first page when the user name was taken meanwhile', async () => {
    const first = await toMtan()
    const second = await toMtan(somebody('B204581379', { username: first.person.username }))
    await first.client.submit({ mtan: await newest(first.person) })
    const page = await second.client.submit({ mtan: await newest(second.person) })
    expect(at(page)).toBe('/registrierung')
    expect(page.error('username')).toContain('vergeben')
  })

  it('gives a name to one of two who confirm at once', async () => {
    const first = await toMtan()
    const second = await toMtan(somebody('B204581379', { username: first.person.username }))
    const codes = [await newest(first.person), await newest(second.person)]
    const pages = await Promise.all(
      [first, second].map(({ client }, index) => client.submit({ mtan: codes[index] ?? '' })),
    )
    expect(pages.filter((page) => at(page) === '/registrierung/fertig')).toHaveLength(1)
    expect(pages.filter((page) => page.status >= 500)).toHaveLength(0)
  })

  it('sends one activation link, however often the last form is sent', async () => {
    const { client, person } = await toMtan()
    const { target, body } = client.form({ mtan: await newest(person) })
    const pages = await Promise.all([1, 2, 3].map(() => client.post(target, body)))
    for (const page of pages) expect(at(page)).toBe('/registrierung/fertig')
    await app.inbox.next('email', person.email)
    expect(await app.inbox.list('email', person.email)).toHaveLength(1)
    expect((await client.get(`${app.issuer}/registrierung/mtan`)).url).toContain('/registrierung/fertig')
  })

  /** Two clicks, the second when the first is held up by a lock; where each of them leads. */
  async function clickTwice(client: Client, mtan: string, lock: string): Promise<string[]> {
    const { target, body } = client.form({ mtan })
    const holder = await holdLock(app.storage.DATABASE_URL, lock)
    const first = client.post(target, body)
    await holder.awaitWaiting(1)
    const second = client.post(target, body)
    await holder.awaitWaiting(2)
    await holder.release()
    return [at(await first), at(await second)]
  }
  const bothDone = ['/registrierung/fertig', '/registrierung/fertig']

  it.skipIf(!backends.includes('servers'))(
    'is the answer to the second click too, when the first one ends',
    async () => {
      const { client, person } = await toMtan()
      // The second reads the journey as it was, and finds the code used up when it is let in.
      const ends = await clickTwice(client, await newest(person), 'lock table accounts in exclusive mode')
      expect(ends).toEqual(bothDone)
    },
  )

  it.skipIf(!backends.includes('servers'))('is the answer to it, too, when the first took the last try', async () => {
    const { client, person } = await toMtan()
    const code = await newest(person)
    for (let turn = 0; turn < 2; turn++) await client.submit({ mtan: other(code) })
    const rejected = async () => (await ask(app, "select 1 from audit_events where type = 'mtan_rejected'")).length
    const before = await rejected()
    expect(await clickTwice(client, code, 'select from journeys for update')).toEqual(bothDone)
    expect(await rejected()).toBe(before)
  })

  it('tells where to look and until when, and lets another person register from there', async () => {
    const client = createClient(ownAddress())
    const done = await register(client, app, somebody('A123456780'))
    expect(words(done)).toMatch(/Spam/)
    expect(words(done)).toMatch(/\d{1,2}\. [A-ZÄ][a-zä]+ 20\d\d/)
    expect(done.body).not.toContain('Wiesengrund')
    expect(done.headers.get('cache-control')).toContain('no-store')
    const again = await client.get(`${app.issuer}/registrierung`)
    expect(again.status).toBe(200)
    expect(entered(again, 'insuranceNumber')).toBe('')
  })

  it('says so when the browser keeps no cookies', async () => {
    const client = createClient(ownAddress())
    await client.get(`${app.issuer}/registrierung`)
    client.clearCookies()
    const { insuranceNumber, username, password } = somebody('A123456780')
    const page = await client.submit({
      insuranceNumber,
      username,
      password,
      passwordRepeat: password,
      acceptTerms: 'yes',
    })
    expect(page.status).toBe(400)
    expect(words(page)).toContain('Cookies')
  })
})

describe('an abandoned registration', () => {
  it('is gone after 24 hours', async () => {
    const { client, page } = await toMtan()
    const kept = "select count(*)::int as kept from journeys where kind = 'registration' and state is not null"
    expect((await ask<{ kept: number }>(app, kept))[0]?.kept).toBeGreaterThan(0)
    await app.advance('P1D')
    expect((await ask<{ kept: number }>(app, kept))[0]?.kept).toBe(0)
    const late = await client.get(page.url)
    expect(late.status).toBe(410)
    expect(late.$('main a[href^="/registrierung"]').length).toBeGreaterThan(0)
    expect((await client.get(`${app.issuer}/registrierung/kontakt`)).status).toBe(410)
    await app.advance('P2D')
    expect(await ask(app, "select id from journeys where kind = 'registration'")).toHaveLength(0)
    expect(await ask(app, 'select id from messages where payload is not null')).toHaveLength(0)
  })
})

const resend = (client: Client): Promise<Page> =>
  client.post(client.page().url, { _csrf: entered(client.page(), '_csrf'), action: 'resend' })
