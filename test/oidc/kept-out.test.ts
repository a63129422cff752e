import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type App, startApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config.ts'
import { runCommand } from '../cli/installation.ts'
import { backends } from '../support/app.ts'
import { createClient } from '../support/client.ts'
import { waitFor } from '../support/wait.ts'
import { lena } from '../support/walk.ts'
import { type Applications, signInHere, startWithApplications } from './support/applications.ts'

const json = { Accept: 'application/json' }

/** An application was found to be somebody else's: an operator keeps it out while people use it. */
describe.skipIf(!backends.includes('servers'))('an application that an operator suspends', () => {
  let world: Applications
  let other: App
  let tokens: Awaited<ReturnType<Applications['tokens']>>
  let browser: ReturnType<typeof createClient>
  let pushed: string
  beforeAll(async () => {
    world = await startWithApplications('servers')
    const variables = { NODE_ENV: 'development', LOG_LEVEL: 'silent', IP_LIMIT_FACTOR: '1000', ...world.app.storage }
    other = await startApp(loadConfig({ ...variables, PORT: '0', DEMO_PORT: '0' }))
    browser = createClient()
    await browser.get(world.url('own'))
    tokens = await world.tokens('own', await signInHere(browser, world.app, lena))
    pushed = String((await world.pushed('own')).url)
  })
  afterAll(async () => {
    await other?.close()
    await world?.close()
  })

  const command = (...args: string[]) =>
    runCommand([...args, '--operator', 'k.weber'], {
      variables: { NODE_ENV: 'development', ...world.app.storage },
      osAccount: () => 'kweber',
    })
  const both = () => [world, world.at(other.issuer)]
  const asksFor = (at: Pick<Applications, 'post'>) =>
    at.post('token', 'own', { grant_type: 'refresh_token', refresh_token: 'x' })
  const answersWith = (at: Pick<Applications, 'post'>, error: string) =>
    waitFor(async () => (await asksFor(at)).body.error === error, 10)

  it('is known to both processes, and then to none', async () => {
    for (const at of both()) expect((await asksFor(at)).body.error).toBe('invalid_grant')
    expect(await command('clients:suspend', 'own')).toMatchObject({ exitCode: 0 })
    for (const at of both()) await answersWith(at, 'invalid_client')
  })

  it('is told so wherever it proves itself, and is given nothing', async () => {
    const refused = { status: 401, body: { error: 'invalid_client', error_description: 'client is suspended' } }
    for (const at of both()) {
      expect(await at.refresh('own', tokens.refresh_token)).toEqual(refused)
      expect(await at.post('token', 'own', { grant_type: 'authorization_code', code: 'x' })).toEqual(refused)
      expect(await at.introspect('own', tokens.access_token)).toEqual(refused)
      expect(await at.revoke('own', tokens.access_token)).toEqual(refused)
      expect(await at.pushed('own')).toEqual(refused.body)
    }
  })

  it('has tokens that open nothing', async () => {
    for (const at of both()) {
      expect(await at.userinfo(tokens.access_token)).toMatchObject({ status: 401, body: { error: 'invalid_token' } })
      expect(await at.introspect('guard', tokens.access_token)).toEqual({ status: 200, body: { active: false } })
    }
  })

  it('begins no sign-in, by no way, and the page says that it is not the person’s fault', async () => {
    for (const url of [world.url('own'), world.url('own', { prompt: 'none' }), pushed]) {
      const page = await createClient().get(url)
      expect(page.status).toBe(400)
      expect(page.$('h1').text()).toBe('Diese Anwendung ist zurzeit gesperrt')
      const answer = await fetch(url, { headers: json, redirect: 'manual' })
      expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('client is suspended')])
    }
  })

  it('does not hold a person back from signing out', async () => {
    const page = await browser.get(
      `${world.app.issuer}/oidc/logout?${new URLSearchParams({ id_token_hint: tokens.id_token })}`,
    )
    expect(page.status).toBe(200)
    const after = await browser.submit({}, { button: 'Abmelden' })
    expect([after.status, after.url]).toEqual([200, expect.stringContaining('/oidc/logout/success')])
  })

  it('is let in again, with the tokens that it had', async () => {
    expect(await command('clients:resume', 'own')).toMatchObject({ exitCode: 0 })
    for (const at of both()) await answersWith(at, 'invalid_grant')
    expect(await world.userinfo(tokens.access_token)).toMatchObject({ status: 200 })
    expect((await world.introspect('guard', tokens.access_token)).body).toMatchObject({ active: true })
  })

  it('ends a sign-in that is under way at the next page', async () => {
    const person = createClient()
    const page = await person.get(world.url('own'))
    expect(page.status).toBe(200)
    await command('clients:suspend', 'own')
    await answersWith(world, 'invalid_client')
    const known = (await world.app.inbox.list('sms', lena.mobile)).length
    const next = await person.submit({ username: lena.username, password: lena.password })
    expect([next.status, next.$('h1').text()]).toEqual([403, 'Diese Anwendung ist zurzeit gesperrt'])
    expect(await world.app.inbox.list('sms', lena.mobile)).toHaveLength(known)
  })
})
