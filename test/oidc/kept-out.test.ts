import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type App, startApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config.ts'
import { runCommand } from '../cli/installation.ts'
import { backends } from '../support/app.ts'
import { createClient, type Page } from '../support/client.ts'
import { ask } from '../support/stores/database.ts'
import { waitFor } from '../support/wait.ts'
import { lena } from '../support/walk.ts'
import { type Applications, claimsIn, signInHere, startWithApplications } from './support/applications.ts'

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
    expect(await command('clients:suspend', 'own', '--reason', 'Secret bekannt geworden')).toMatchObject({
      exitCode: 0,
    })
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

  it('does not hold a person back from signing out, and ends its own sign-in with that', async () => {
    const page = await browser.get(
      `${world.app.issuer}/oidc/logout?${new URLSearchParams({ id_token_hint: tokens.id_token })}`,
    )
    expect(page.status).toBe(200)
    const after = await browser.submit({ logout: 'yes' }, { button: 'Abmelden' })
    expect([after.status, after.url]).toEqual([200, expect.stringContaining('/oidc/logout/success')])
    const [token] = await waitFor(() => world.logouts.length > 0 && world.logouts)
    const { sub, sid } = claimsIn(tokens.id_token)
    expect(claimsIn(String(token))).toMatchObject({ aud: 'own', sub, sid })
  })

  it('is let in again, with the tokens that it had', async () => {
    expect(await command('clients:lift', 'own')).toMatchObject({ exitCode: 0 })
    for (const at of both()) await answersWith(at, 'invalid_grant')
    expect(await world.userinfo(tokens.access_token)).toMatchObject({ status: 200 })
    expect((await world.introspect('guard', tokens.access_token)).body).toMatchObject({ active: true })
  })

  it('ends a sign-in that is under way at the next page', async () => {
    const person = createClient()
    const page = await person.get(world.url('own'))
    expect(page.status).toBe(200)
    await command('clients:suspend', 'own', '--reason', 'Secret bekannt geworden')
    await answersWith(world, 'invalid_client')
    const known = (await world.app.inbox.list('sms', lena.mobile)).length
    const next = await person.submit({ username: lena.username, password: lena.password })
    expect([next.status, next.$('h1').text()]).toEqual([403, 'Diese Anwendung ist zurzeit gesperrt'])
    expect(await world.app.inbox.list('sms', lena.mobile)).toHaveLength(known)
  })

  it('leads nobody into a sign-in that cannot be, when it is the one that is led to', async () => {
    const status = async () => (await fetch(`${world.app.issuer}/anmeldung`, { redirect: 'manual' })).status
    const link = async () => (await createClient().get(world.app.issuer)).$('a[href="/anmeldung"]').length
    expect([await status(), await link()]).toEqual([303, 1])
    await command('clients:suspend', 'demo-portal', '--reason', 'Angriff läuft')
    await waitFor(async () => (await status()) === 403, 10)
    const page = await createClient().get(`${world.app.issuer}/anmeldung`)
    expect([page.$('h1').text(), await link()]).toEqual(['Diese Anwendung ist zurzeit gesperrt', 0])
    await command('clients:lift', 'demo-portal')
    await waitFor(async () => (await status()) === 303, 10)
  })
})

/** The registration says less than before, and people have used all of it. */
describe.skipIf(!backends.includes('servers'))('an application that loses what it had', () => {
  const all = { scope: 'openid profile email offline_access' }
  let world: Applications
  let own: Awaited<ReturnType<typeof used>>
  let third: Awaited<ReturnType<typeof used>>

  const register = (clientId: string, changes: object) =>
    ask(world.app, 'update clients set registration = registration || $2::jsonb where client_id = $1', [
      clientId,
      JSON.stringify(changes),
    ])
  /** Waits until all that this process knows of the application is what is registered now. */
  const seen = (clientId: string, changes: Record<string, string>, error: string) =>
    waitFor(async () => {
      const browser = createClient()
      const page = await browser.get(world.url(clientId, changes))
      return (world.answer(page)?.error ?? page.$('body').text()).includes(error)
    }, 10)
  const agree = (browser: ReturnType<typeof createClient>) => browser.submit({}, { button: 'Zustimmen' })
  const signIn = async (clientId: string, more: Record<string, string> = {}) => {
    const browser = createClient()
    await browser.get(world.url(clientId, { ...all, ...more }))
    const page = await signInHere(browser, world.app, lena)
    const end = page.url.endsWith('einwilligung') ? await agree(browser) : page
    return { browser, tokens: await world.tokens(clientId, end) }
  }
  /** Tokens, a sign-in that stands at its first page, and one that stands at its last. */
  async function used(clientId: string) {
    const { tokens } = await signIn(clientId)
    const [open, ended] = [createClient(), createClient()]
    await open.get(world.url(clientId, all))
    await ended.get(world.url(clientId, all))
    await world.app.advance('PT61M')
    const known = (await world.app.inbox.list('sms', lena.mobile)).length
    await ended.submit({ username: lena.username, password: lena.password })
    const { code } = await world.app.inbox.next('sms', lena.mobile, known)
    const { target, body } = ended.form({ mtan: code ?? '' })
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded', origin: world.app.issuer }
    const answered = await ended.send(target, { method: 'POST', body, headers }, false)
    const resume = () => ended.get(new URL(answered.headers.get('location') ?? '', target).href)
    return { tokens, open, resume, agree: () => agree(ended) }
  }
  const scopesTold = async (clientId: string, token: string) =>
    String((await world.introspect(clientId, token)).body.scope)

  beforeAll(async () => {
    world = await startWithApplications('servers')
    own = await used('own')
    third = await used('third')
  })
  afterAll(() => world?.close())

  describe('an address, and a scope', () => {
    beforeAll(async () => {
      await register('own', { redirectUris: ['http://localhost:9/other'] })
      await register('third', { scopes: ['openid', 'profile', 'offline_access'] })
      await seen('own', all, 'invalid_redirect_uri')
      await seen('third', all, 'invalid_scope')
    })

    it('gets nobody to the address any more, whichever page the sign-in stands at', async () => {
      const known = (await world.app.inbox.list('sms', lena.mobile)).length
      const next = await own.open.submit({ username: lena.username, password: lena.password })
      expect([next.status, new URL(next.url).origin]).toEqual([400, world.app.issuer])
      expect(await world.app.inbox.list('sms', lena.mobile)).toHaveLength(known)
      const end = await own.resume()
      expect([end.status, new URL(end.url).origin, end.$('body').text()]).toEqual([
        400,
        world.app.issuer,
        expect.stringContaining('invalid_redirect_uri'),
      ])
    })

    it('gets no code for the scope', async () => {
      const page: Page = await third.resume()
      const end = page.url.endsWith('einwilligung') ? await third.agree() : page
      expect(world.answer(end)).toMatchObject({ error: 'invalid_scope' })
      expect(world.answer(end)).not.toHaveProperty('code')
    })

    it('gets nothing of the scope from the tokens that it has, nor from their renewal', async () => {
      const renewed = (await world.refresh('third', third.tokens.refresh_token)).body as Record<string, string>
      expect(renewed.scope).toBe('openid profile offline_access')
      for (const token of [third.tokens.access_token, renewed.access_token ?? '']) {
        const { status, body } = await world.userinfo(token)
        expect([status, body.name]).toEqual([200, expect.any(String)])
        expect(body).not.toHaveProperty('email')
        expect(await scopesTold('third', token)).toBe('openid profile offline_access')
        expect(await scopesTold('guard', token)).toBe('openid profile offline_access')
      }
      expect(await scopesTold('third', renewed.refresh_token ?? '')).toBe('openid profile offline_access')
    })
  })

  describe('the standing of the insurer’s own', () => {
    let tokens: typeof own.tokens
    beforeAll(async () => {
      await register('own', { redirectUris: [new URL(world.url('own')).searchParams.get('redirect_uri')] })
      await waitFor(async () => (await createClient().get(world.url('own', all))).status === 200, 10)
      tokens = (await signIn('own')).tokens
      await register('own', { firstParty: false })
      await waitFor(async () => (await world.userinfo(tokens.access_token)).status === 401, 10)
    })
    it('renews nothing that nobody has agreed to', async () => {
      const renewal = await world.refresh('own', tokens.refresh_token)
      expect([renewal.status, renewal.body.error]).toEqual([400, 'invalid_grant'])
      expect((await world.introspect('guard', tokens.access_token)).body).toEqual({ active: false })
    })

    it('asks for consent, and then knows persons as before', async () => {
      const after = await signIn('own', { prompt: 'consent' })
      expect(claimsIn(after.tokens.id_token).sub).toBe(claimsIn(tokens.id_token).sub)
      const renewal = await world.refresh('own', after.tokens.refresh_token)
      expect(renewal.status).toBe(200)
      expect(claimsIn(String(renewal.body.id_token)).sub).toBe(claimsIn(tokens.id_token).sub)
    })
  })
})
