import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createClient, type Page } from '../support/client.ts'
import { ask } from '../support/stores/database.ts'
import { awaitLetter, enterPassword, lena, makeActive, type Person, somebody } from '../support/walk.ts'
import { type Applications, claimsIn, signInHere, startWithApplications } from './support/applications.ts'

let world: Applications
let other: Person
let hint: string
let subject: string
beforeAll(async () => {
  world = await startWithApplications()
  other = somebody('A123456780')
  await makeActive(world.app, other)
  const page = await signedIn(createClient(), world.url('own'), lena)
  hint = (await world.tokens('own', page)).id_token
  subject = String(claimsIn(hint).sub)
})
afterAll(() => world?.close())
// The number's budget of mTANs begins anew.
beforeEach(() => world.app.advance('PT61M'))

const seconds = () => Math.floor(Date.now() / 1000)
const messages = async (person: Person) => (await world.app.inbox.list('sms', person.mobile)).length

/** Opens the request and signs in. */
async function signedIn(browser: ReturnType<typeof createClient>, url: string, person: Person): Promise<Page> {
  await browser.get(url)
  return await signInHere(browser, world.app, person)
}
const authTime = async (clientId: string, page: Page) =>
  Number(claimsIn((await world.tokens(clientId, page)).id_token).auth_time)

describe('auth_time is the time of the mTAN, however long a page after it stands open', () => {
  it('the consent page', async () => {
    const browser = createClient()
    await signedIn(browser, world.url('third'), lena)
    const proven = seconds()
    await sleep(3000)
    const page = await browser.submit({}, { button: 'Zustimmen' })
    expect(await authTime('third', page)).toBeLessThanOrEqual(proven)
  })

  it('the notice that an e-mail came back', async () => {
    await ask(
      world.app,
      "update accounts set email_bounced_at = now(), email_bounce = 'no_mailbox', email_bounce_told_at = null where username = $1",
      [lena.username],
    )
    const browser = createClient()
    const page = await signedIn(browser, world.url('own'), lena)
    const proven = seconds()
    expect(page.url).toMatch(/e-mail-adresse$/)
    await sleep(3000)
    expect(await authTime('own', await browser.submit({}, { button: 'Weiter' }))).toBeLessThanOrEqual(proven)
  })

  it('the security question', async () => {
    const person = somebody('B204581379')
    await awaitLetter(world.app, person)
    const browser = createClient()
    await browser.get(world.url('own'))
    await enterPassword(browser, person)
    const letter = await world.app.inbox.next('letter', person.insuranceNumber)
    const known = await messages(person)
    await browser.submit({ unlockCode: letter.code ?? '' })
    const sms = await world.app.inbox.next('sms', person.mobile, known)
    await browser.submit({ mtan: sms.code ?? '' })
    const proven = seconds()
    await sleep(3000)
    const page = await browser.submit({ securityQuestion: 'first_pet', securityAnswer: 'Schnurri' })
    expect(await authTime('own', page)).toBeLessThanOrEqual(proven)
  })

  it('and a sign-in that became older than max_age on such a page is asked for once more', async () => {
    const browser = createClient()
    await signedIn(browser, world.url('third', { max_age: '2' }), lena)
    await sleep(3100)
    const again = await browser.submit({}, { button: 'Zustimmen' })
    expect(again.url).toMatch(/passwort$/)
    await signInHere(browser, world.app, lena)
    const page = await browser.submit({}, { button: 'Zustimmen' })
    expect(world.answer(page)).toHaveProperty('code')
    expect(await authTime('third', page)).toBeGreaterThanOrEqual(seconds() - 2)
  })
})

describe('a request for one person', () => {
  const wishes = (sub: string): [string, Record<string, string>][] => [
    ['id_token.sub.value', { claims: JSON.stringify({ id_token: { sub: { value: sub } } }) }],
    ['id_token.sub.values', { claims: JSON.stringify({ id_token: { sub: { values: ['nobody', sub] } } }) }],
    ['userinfo.sub.value', { claims: JSON.stringify({ userinfo: { sub: { value: sub } } }) }],
  ]
  const cases = (): [string, Record<string, string>][] => [
    ['id_token_hint', { id_token_hint: hint }],
    ...wishes(subject),
  ]

  it('is refused right after the password of another one: no mTAN, no loop', async () => {
    for (const [name, parameters] of cases())
      for (const url of [world.url('own', parameters), (await world.pushed('own', parameters)).url]) {
        const before = await messages(other)
        const browser = createClient()
        await browser.get(String(url))
        const page = await enterPassword(browser, other)
        expect(world.answer(page), name).toMatchObject({ error: 'login_required', state: 'state-1' })
        expect(world.answer(page)).not.toHaveProperty('code')
        expect(await messages(other)).toBe(before)
      }
  })

  it('is answered for that person, also when another one was signed in', async () => {
    for (const [name, parameters] of cases()) {
      const browser = createClient()
      await signedIn(browser, world.url('own'), other)
      const silent = await browser.get(world.url('own', { ...parameters, prompt: 'none' }))
      expect(world.answer(silent), name).toMatchObject({ error: 'login_required' })
      await browser.get(world.url('own', parameters))
      expect(browser.page().url).toMatch(/passwort$/)
      const end = await signInHere(browser, world.app, lena)
      // oidc-provider ends the other person's session by a form that its script sends.
      const page = world.answer(end) ? end : await browser.submit({}, {})
      expect(world.answer(page), name).toHaveProperty('code')
    }
  })

  it('says the same to a wrong password as any other request', async () => {
    const browser = createClient()
    await browser.get(world.url('own', { id_token_hint: hint }))
    const page = await enterPassword(browser, { username: other.username, password: 'falsch-falsch-falsch' })
    expect(page.status).toBe(422)
  })

  it('goes by the pairwise sub of a third party', async () => {
    const browser = createClient()
    await signedIn(browser, world.url('third'), lena)
    const token = (await world.tokens('third', await browser.submit({}, { button: 'Zustimmen' }))).id_token
    await browser.get(world.url('third', { id_token_hint: token, prompt: 'none' }))
    expect(world.answer(browser.page())).toHaveProperty('code')
    const stranger = createClient()
    await stranger.get(world.url('third', { id_token_hint: token }))
    expect(world.answer(await enterPassword(stranger, other))).toMatchObject({ error: 'login_required' })
  })

  it('is malformed with a list that is none', async () => {
    const claims = JSON.stringify({ id_token: { sub: { values: subject } } })
    const page = await createClient().get(world.url('own', { claims }))
    expect(world.answer(page)).toMatchObject({ error: 'invalid_request' })
    expect(await world.pushed('own', { claims })).toMatchObject({ error: 'invalid_request' })
  })
})

describe('an authentication context that cannot be reached', () => {
  const acr = (request: object) => ({ claims: JSON.stringify({ id_token: { acr: { essential: true, ...request } } }) })
  const reachable = 'urn:meine-aok:acr:password-mtan'

  it.each<[string, Record<string, string>]>([
    ['one', acr({ value: 'phr' })],
    ['a list', acr({ values: ['phr', 'phrh'] })],
    ['an empty list', acr({ values: [] })],
    ['a value outside the list', acr({ values: [reachable], value: 'phr' })],
    ['essential by another word', acr({ essential: 'true', value: 'phr' })],
    ['with a wish beside the demand', { ...acr({ value: 'phr' }), acr_values: reachable }],
  ])('is told to the application before anybody signs in: %s', async (_name, parameters) => {
    const unmet = { error: 'unmet_authentication_requirements' }
    const browser = createClient()
    const others: Record<string, string>[] = [{}, { prompt: 'none' }, { prompt: 'login' }, { max_age: '0' }]
    for (const more of others)
      expect(world.answer(await browser.get(world.url('own', { ...parameters, ...more })))).toMatchObject(unmet)
    expect(await world.pushed('own', parameters)).toMatchObject(unmet)
  })

  it('stands in nobody’s way as a wish', async () => {
    const claims = JSON.stringify({ id_token: { acr: { values: ['phr'] } } })
    const wishes: Record<string, string>[] = [{ claims }, { acr_values: 'phr' }]
    for (const parameters of wishes) {
      const page = await signedIn(createClient(), world.url('own', parameters), lena)
      expect(world.answer(page)).toHaveProperty('code')
    }
  })
})

describe('max_age and prompt=login', () => {
  it.each<Record<string, string>>([{ max_age: '0' }, { prompt: 'login' }, { prompt: 'login', max_age: '0' }])(
    '%j',
    async (parameters) => {
      const browser = createClient()
      await signedIn(browser, world.url('own'), lena)
      for (const url of [world.url('own', parameters), (await world.pushed('own', parameters)).url]) {
        await browser.get(String(url))
        expect(browser.page().url).toMatch(/passwort$/)
        const before = seconds()
        const page = await signInHere(browser, world.app, lena)
        expect(await authTime('own', page)).toBeGreaterThanOrEqual(before)
      }
      const silent = await browser.get(world.url('own', { max_age: '0', prompt: 'none' }))
      expect(world.answer(silent)?.error).toMatch(/login_required|invalid_request/)
    },
  )
})
