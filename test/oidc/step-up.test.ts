import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { createFieldEncryption, hashToken } from '../../src/crypto/field-encryption.ts'
import { placeOf } from '../../src/stores/keys/protected-tables.ts'
import { type Client, createClient, type Page } from '../support/client.ts'
import { ask } from '../support/stores/database.ts'
import { enterMtan, lena } from '../support/walk.ts'
import { type Applications, claimsIn, signInHere, startWithApplications } from './support/applications.ts'

const acr = 'urn:meine-aok:acr:password-mtan'
const wish: Record<string, string> = { acr_values: `phr ${acr}` }
const demand = { claims: JSON.stringify({ id_token: { acr: { essential: true, value: acr } } }) }
const seconds = () => Math.floor(Date.now() / 1000)

let world: Applications
// Artefacts lie in the database, where the test can weaken a session.
beforeAll(async () => {
  world = await startWithApplications('embedded')
})
afterAll(() => world?.close())
beforeEach(() => world.app.advance('PT61M'))

const sentTo = async ({ mobile } = lena) => (await world.app.inbox.list('sms', mobile)).length
const claimsOf = async (page: Page) => claimsIn((await world.tokens('own', page)).id_token)

async function signedIn(): Promise<Client> {
  const browser = createClient()
  await browser.get(world.url('own'))
  await signInHere(browser, world.app, lena)
  return browser
}

const sessionOf = (browser: Client) =>
  [...browser.cookies.values()].find(({ value }) => value.startsWith('session='))?.value.slice('session='.length) ?? ''

type SessionPayload = { acr?: string; amr?: string[]; loginTs: number; proofs: Record<string, number> }

/** Changes what the session of a browser holds, as a weaker way of signing in would have left it. */
async function change(browser: Client, alter: (session: SessionPayload) => void): Promise<void> {
  const idHash = hashToken(sessionOf(browser))
  const place = placeOf('oidc_artefacts', 'payload', { model: 'Session', id_hash: idHash })
  const { encryptionKeys } = loadConfig({ NODE_ENV: 'development', ...world.app.storage }).secrets
  const encryption = createFieldEncryption(encryptionKeys)
  const where = "where model = 'Session' and id_hash = $1"
  const [row] = await ask<{ payload: string }>(world.app, `select payload from oidc_artefacts ${where}`, [idHash])
  const session = JSON.parse(encryption.decrypt(row?.payload ?? '', place)) as SessionPayload
  alter(session)
  const sealed = encryption.encrypt(JSON.stringify(session), place)
  await ask(world.app, `update oidc_artefacts set payload = $2 ${where}`, [idHash, sealed])
}

/** A session in which only the password was proved, a minute before. */
const passwordOnly = (browser: Client) =>
  change(browser, (session) => {
    Object.assign(session, { acr: 'urn:something:less', amr: ['pwd'], loginTs: session.loginTs - 60 })
    session.proofs = { password: session.loginTs }
  })

describe('a session that has proved all factors of the class', () => {
  it.each([wish, demand])('is asked for nothing: %j', async (parameters) => {
    const browser = await signedIn()
    const before = await sentTo()
    expect(world.answer(await browser.get(world.url('own', parameters)))).toHaveProperty('code')
    expect(await sentTo()).toBe(before)
  })
})

describe('a session that has proved less', () => {
  it.each([wish, demand])('is asked for the mTAN alone, by its button: %j', async (parameters) => {
    const browser = await signedIn()
    await passwordOnly(browser)
    const before = await sentTo()
    const page = await browser.get(world.url('own', parameters))
    expect(page.url).toMatch(/mtan$/)
    expect(page.$.text()).toContain('noch keine mTAN geschickt')
    const early = await browser.submit({ mtan: '123456' }, { button: 'Weiter' })
    expect([early.status, early.error('mtan')]).toEqual([422, expect.stringContaining('noch keine mTAN')])
    expect(await sentTo()).toBe(before)

    await browser.submit({}, { action: 'resend' })
    const proven = seconds()
    const end = await enterMtan(browser, world.app, lena.mobile, before)
    const claims = await claimsOf(end)
    expect(claims).toMatchObject({ acr, amr: ['pwd', 'sms', 'mfa'] })
    expect(claims.auth_time).toBeGreaterThanOrEqual(proven)
    expect(world.answer(await browser.get(world.url('own', parameters)))).toHaveProperty('code')
  })

  it('answers without more when nobody asks for more, or nobody may be asked', async () => {
    const browser = await signedIn()
    await passwordOnly(browser)
    expect(await claimsOf(await browser.get(world.url('own')))).toMatchObject({ acr: 'urn:something:less' })
    expect(world.answer(await browser.get(world.url('own', { ...wish, prompt: 'none' })))).toHaveProperty('code')
    const silent = await browser.get(world.url('own', { ...demand, prompt: 'none' }))
    expect(world.answer(silent)).toHaveProperty('error')
  })

  it.each<Record<string, string>>([{ prompt: 'login' }, { max_age: '30' }, { prompt: 'select_account' }])(
    'proves all anew for %j',
    async (parameters) => {
      const browser = await signedIn()
      await passwordOnly(browser)
      const page = await browser.get(world.url('own', { ...wish, ...parameters }))
      expect(page.url).toMatch(/passwort$/)
      expect(await claimsOf(await signInHere(browser, world.app, lena))).toMatchObject({ acr })
    },
  )

  it('proves all anew when its password is missing, or older than the end of access', async () => {
    const browser = await signedIn()
    await change(browser, (session) => {
      Object.assign(session, { acr: 'urn:something:less', proofs: { sms: session.loginTs } })
    })
    expect((await browser.get(world.url('own', wish))).url).toMatch(/passwort$/)

    const other = await signedIn()
    await change(other, (session) => {
      Object.assign(session, { acr: 'urn:something:less', proofs: { password: session.loginTs - 60 } })
    })
    const before = await sentTo()
    await other.get(world.url('own', wish))
    await other.submit({}, { action: 'resend' })
    expect(await sentTo()).toBe(before + 1)
    await ask(world.app, 'update accounts set sign_ins_from = $2 where username = $1', [lena.username, seconds() - 30])
    const page = await enterMtan(other, world.app, lena.mobile, before)
    expect(page.url).toMatch(/passwort$/)
    await ask(world.app, 'update accounts set sign_ins_from = 0 where username = $1', [lena.username])
  })

  it('is not made longer by the step-up', async () => {
    const browser = await signedIn()
    const tenMinutes = 10 * 60
    await change(browser, (session) => {
      Object.assign(session, { acr: 'urn:something:less', loginTs: session.loginTs - 8 * 60 * 60 + tenMinutes })
      session.proofs = { password: session.loginTs }
    })
    const before = await sentTo()
    await browser.get(world.url('own', wish))
    await browser.submit({}, { action: 'resend' })
    expect(world.answer(await enterMtan(browser, world.app, lena.mobile, before))).toHaveProperty('code')
    const [session] = await ask<{ left: number }>(
      world.app,
      'select extract(epoch from expires_at - clock_timestamp())::float8 as left from oidc_artefacts where id_hash = $1',
      [hashToken(sessionOf(browser))],
    )
    expect(session?.left).toBeLessThanOrEqual(tenMinutes)
  })
})

describe('an application that accepts no weaker sign-in', () => {
  it('is not answered by a session below, whatever the request says, and asks for what is missing', async () => {
    const browser = await signedIn()
    expect(world.answer(await browser.get(world.url('strict')))).toHaveProperty('code')
    await passwordOnly(browser)
    const weaker = { acr_values: 'urn:something:less' }
    const demanded = { claims: JSON.stringify({ id_token: { acr: { essential: true, value: 'urn:something:less' } } }) }
    expect(world.answer(await browser.get(world.url('own', weaker)))).toHaveProperty('code')
    const requests: Record<string, string>[] = [{}, weaker, { prompt: 'none' }, { ...weaker, prompt: 'none' }, demanded]
    for (const parameters of requests)
      expect(world.answer(await browser.get(world.url('strict', parameters)))?.code).toBeUndefined()
    expect(world.answer(await browser.get(world.url('strict', { prompt: 'none' })))).toMatchObject({
      error: 'unmet_authentication_requirements',
    })
    const before = await sentTo()
    const page = await browser.get(world.url('strict', weaker))
    expect(page.url).toMatch(/mtan$/)
    await browser.submit({}, { action: 'resend' })
    const end = await enterMtan(browser, world.app, lena.mobile, before)
    expect(claimsIn((await world.tokens('strict', end)).id_token)).toMatchObject({ acr, amr: ['pwd', 'sms', 'mfa'] })
    expect(world.answer(await browser.get(world.url('strict')))).toHaveProperty('code')
  })

  it('gives no code for a pushed request of a weaker session either', async () => {
    const browser = await signedIn()
    await passwordOnly(browser)
    const { url } = (await world.pushed('strict')) as { url: string }
    expect((await browser.get(url)).url).toMatch(/mtan$/)
  })
})

it('keeps class, methods and time of the sign-in in refreshed tokens, whatever the session has proved since', async () => {
  const browser = await signedIn()
  await passwordOnly(browser)
  const first = await world.tokens('own', await browser.get(world.url('own', { prompt: 'none' })))
  const before = await sentTo()
  await browser.get(world.url('own', wish))
  await browser.submit({}, { action: 'resend' })
  const second = await world.tokens('own', await enterMtan(browser, world.app, lena.mobile, before))
  for (const tokens of [first, second]) {
    const { acr, amr, auth_time } = claimsIn(tokens.id_token)
    const refreshed = (await world.refresh('own', tokens.refresh_token)).body as typeof tokens
    expect(claimsIn(refreshed.id_token)).toMatchObject({ acr, amr, auth_time })
    expect((await world.introspect('guard', refreshed.access_token)).body).toMatchObject({ acr, auth_time })
  }
  expect(claimsIn(second.id_token).amr).not.toEqual(claimsIn(first.id_token).amr)
})
