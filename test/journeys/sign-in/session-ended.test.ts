import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.ts'
import { type Client, createClient, ownAddress, type Page } from '../../support/client.ts'
import { ask } from '../../support/stores/database.ts'
import { authorizationUrl, enterMtan, lena, signInAgain } from '../../support/walk.ts'

let app: TestApp
beforeAll(async () => {
  // Artefacts lie in the database, so that a test can let them end.
  app = await startTestApp({ TRUST_PROXY: 'true', REDIS_URL: '' })
})
afterAll(() => app?.close())

const own = () => ({ Origin: app.issuer })
const text = (page: Page) => page.$('main').text().replace(/\s+/g, ' ')
const buttonOf = (page: Page) => page.$('main .actions a.button').first().attr('href') ?? ''
const post = (client: Client, form: { target: string; body: string }) => client.post(form.target, form.body, own())

/** A person who is signed in and whom the application asks again: the page stands open. */
async function askedAgain(path = '') {
  const client = createClient(ownAddress())
  await signInAgain(client, app, lena)
  const page = await client.get(await authorizationUrl(client, app, { prompt: 'login' }))
  const form = client.form({ username: lena.username, password: lena.password })
  return { client, page, form, path }
}

async function signOut(client: Client): Promise<void> {
  await client.get(`${app.issuer}/oidc/logout`)
  await client.submit({ logout: 'yes' }, { button: 'Abmelden' })
}

const endArtefacts = (kind: string) => ask(app, 'delete from oidc_artefacts where model = $1', [kind])

describe('a page that stood open while its session ended', () => {
  it.each([
    ['signed out in another tab', signOut],
    ['idle for too long', async () => void (await endArtefacts('Session'))],
  ])('says so, and its button goes on with the same request (%s)', async (_name, end) => {
    const { client, form } = await askedAgain()
    await end(client)
    const page = await post(client, form)
    expect(page.status).toBe(410)
    expect(page.heading).toBe('Sie sind inzwischen abgemeldet')
    expect(text(page)).not.toMatch(/Cookie/)
    expect(text(page)).toContain('Meine-AOK-Portal')
    const again = await client.get(buttonOf(page))
    expect(again.heading).toBe('Anmelden')
    const known = (await app.inbox.list('sms', lena.mobile)).length
    await client.submit({ username: lena.username, password: lena.password })
    // The application waits for the answer to its request still.
    expect((await enterMtan(client, app, lena.mobile, known)).url).toBe(`${app.demo}/signed-in`)
  })

  it('says the same by reload, and at the mTAN', async () => {
    const { client, form, page } = await askedAgain()
    const mtan = await post(client, form)
    expect(mtan.url).toMatch(/\/mtan$/)
    const late = client.form({ mtan: '123456' })
    await signOut(client)
    for (const seen of [await client.get(page.url), await client.get(mtan.url), await post(client, late)])
      expect([seen.status, seen.heading]).toEqual([410, 'Sie sind inzwischen abgemeldet'])
  })

  it('tells a new sign-in of another tab from a sign-out', async () => {
    const { client, form } = await askedAgain()
    await signOut(client)
    await signInAgain(client, app, lena)
    const page = await post(client, form)
    expect([page.status, page.heading]).toEqual([410, 'Diese Seite gehört zu einer früheren Anmeldung'])
    expect(new URL(buttonOf(page), app.issuer).pathname).toBe('/oidc/auth')
  })
})

describe('a sign-in that has run out', () => {
  it.each([
    ['before anything was sent', false],
    ['after a form was sent', true],
  ])('remembers its application (%s)', async (_name, sent) => {
    const client = createClient(ownAddress())
    const page = await client.get(await authorizationUrl(client, app, {}))
    const form = client.form({ username: 'niemand.hier', password: 'falsch-falsch-1' })
    if (sent) await post(client, form)
    await endArtefacts('Interaction')
    await ask(app, "delete from journeys where kind = 'sign-in'")
    for (const seen of [await client.get(page.url), await post(client, form)]) {
      expect([seen.status, seen.heading]).toEqual([410, 'Die Anmeldung hat zu lange gedauert'])
      expect(text(seen)).toContain('Meine-AOK-Portal')
      expect(buttonOf(seen)).toBe(`${app.demo}/login?iss=${encodeURIComponent(app.issuer)}`)
    }
  })

  it('says that it is done when its last address is opened again', async () => {
    const client = createClient(ownAddress())
    await client.get(await authorizationUrl(client, app, {}))
    const known = (await app.inbox.list('sms', lena.mobile)).length
    await client.submit({ username: lena.username, password: lena.password })
    const sms = await app.inbox.next('sms', lena.mobile, known)
    const { target, body } = client.form({ mtan: sms.code ?? '' })
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded', ...own() }
    const last = await client.send(target, { method: 'POST', body, headers }, false)
    const resume = last.headers.get('location') ?? ''
    expect(new URL(resume, app.issuer).pathname).toMatch(/^\/oidc\/auth\//)
    await client.get(resume)
    const again = await client.get(new URL(resume, app.issuer).href)
    expect([again.status, again.heading]).toEqual([410, 'Diese Anmeldung ist schon abgeschlossen'])
  })
})

describe('cookies', () => {
  it('that were cleared meanwhile are not called blocked', async () => {
    const client = createClient(ownAddress())
    const page = await client.get(await authorizationUrl(client, app, {}))
    const form = client.form({ username: lena.username, password: lena.password })
    client.clearCookies()
    const seen = await client.post(form.target, form.body, own())
    expect([seen.status, seen.heading]).toEqual([400, 'Diese Anmeldung ist hier nicht offen'])
    expect(buttonOf(seen)).toContain(app.demo)
    client.clearCookies()
    // A browser that does not even say where the form came from.
    const unsaid = await client.post(form.target, form.body)
    expect([unsaid.status, unsaid.heading]).toEqual([400, 'Diese Eingabe können wir nicht zuordnen'])
    expect((await client.get(buttonOf(unsaid))).heading).toBe('Diese Anmeldung ist hier nicht offen')
    client.clearCookies()
    expect((await client.get(page.url)).heading).toBe('Diese Anmeldung ist hier nicht offen')
  })

  it('that are really off are called so, in sign-in and registration', async () => {
    const start = createClient(ownAddress())
    const signIn = await start.get(await authorizationUrl(start, app, {}))
    const body = start.form({ username: 'x', password: 'y' }).body
    const registration = createClient(ownAddress())
    await registration.get(`${app.issuer}/registrierung`)
    const fields = { insuranceNumber: 'A123456780', username: 'ohne.kekse', password: lena.password }
    const filled = registration.form({ ...fields, passwordRepeat: lena.password, acceptTerms: 'yes' })
    for (const [address, sent] of [
      [signIn.url, body],
      [filled.target, filled.body],
    ] as const)
      expect(await withoutCookies(address, sent), address).toEqual([400, 'Hier fehlt uns ein Cookie'])
    const probed = createClient(ownAddress())
    expect((await probed.get(`${app.issuer}/registrierung?probe=1`)).heading).toBe('Hier fehlt uns ein Cookie')
  })
})

/** Posts and follows redirects as a browser that keeps no cookie. */
async function withoutCookies(address: string, body: string) {
  const form = { 'Content-Type': 'application/x-www-form-urlencoded', ...own() }
  let client = createClient(ownAddress())
  let page = await client.send(address, { method: 'POST', body, headers: form }, false)
  for (let hops = 0; hops < 5 && page.headers.get('location'); hops++) {
    client = createClient(ownAddress())
    page = await client.peek(new URL(page.headers.get('location') ?? '', page.url).href)
  }
  return [page.status, page.heading]
}
