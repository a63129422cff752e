import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { backends } from '../support/app.ts'
import { type Client, createClient, type Page } from '../support/client.ts'
import { hasRedisPrograms } from '../support/machine/programs.ts'
import { freshNumbers, importMembers, type Member } from '../support/register.ts'
import { until } from '../support/servers/processes.ts'
import { type RedisServer, startRedis } from '../support/servers/redis.ts'
import { ask } from '../support/stores/database.ts'
import { enterPassword, makeActive, type Person, somebody } from '../support/walk.ts'
import { type Applications, signInHere, startWithApplications } from './support/applications.ts'

type Change = (world: Applications, person: Person) => Promise<unknown>
const inRegister =
  (changes: Partial<Member>): Change =>
  ({ app }, { insuranceNumber }) =>
    importMembers(app, [{ insuranceNumber, ...changes }])
const back = inRegister({})
/** What a password or mobile number that was changed will do, and what an operator's command does: by the same statements. */
const remove: Change = ({ app }, { username }) => ask(app, 'delete from accounts where username = $1', [username])

const ends: [string, Change, Change | undefined][] = [
  ['a guardian', inRegister({ guardian: true }), back],
  ['death', inRegister({ deceasedOn: '2026-01-05' }), back],
  ['the end of coverage', inRegister({ coverageTo: '2024-01-31' }), back],
  ['deletion', remove, undefined],
]

/** What the embedded database is asked beside the servers: an end that can be taken back, and one for good. */
const embeddedEnds = ends.filter(([name]) => name === 'a guardian' || name === 'deletion')

describe.each(backends)('on %s, the access of an account ends with', (backend) => {
  let world: Applications
  const numbers = freshNumbers(ends.length, backend === 'embedded' ? 'S' : 'T')
  beforeAll(async () => {
    world = await startWithApplications(backend)
    await importMembers(
      world.app,
      numbers.map((insuranceNumber) => ({ insuranceNumber })),
    )
  })
  afterAll(() => world?.close())

  it.each(backend === 'embedded' ? embeddedEnds : ends)(
    '%s: at every endpoint, at once, and for good',
    async (_name, end, lift) => {
      const person = somebody(numbers.pop() ?? '')
      await makeActive(world.app, person)
      const before = await everything(world, person)
      await end(world, person)
      await expectDead(world, before)
      expect((await before.underWay.submit({ mtan: before.mtan })).url).not.toContain('code=')
      const page = await enterPassword(await at(world, createClient()), person)
      expect(world.answer(page)).toBeUndefined()
      if (!lift) return

      await lift(world, person)
      await expectDead(world, before)
      // Also within the same second: the sign-in after it counts.
      const after = await signInHere(await at(world, before.browser), world.app, person)
      const tokens = await world.tokens('own', after)
      expect((await world.userinfo(tokens.access_token)).status).toBe(200)
      expect((await world.refresh('own', tokens.refresh_token)).status).toBe(200)
      await before.browser.get(world.url('own', { prompt: 'none' }))
      expect(world.answer(before.browser.page())).toHaveProperty('code')
      await expectTokensDead(world, before)
    },
  )
})

// Nothing in Redis could be deleted: what is there comes back with it.
describe.skipIf(!hasRedisPrograms())('while Redis hangs, the access of an account ends with', () => {
  let redis: RedisServer
  let world: Applications
  const numbers = freshNumbers(ends.length, 'U')
  beforeAll(async () => {
    redis = await startRedis()
    world = await startWithApplications('servers', { REDIS_URL: redis.url })
    await importMembers(
      world.app,
      numbers.map((insuranceNumber) => ({ insuranceNumber })),
    )
  })
  afterAll(async () => {
    await world?.close()
    await redis?.remove()
  })
  async function away(work: () => Promise<unknown>): Promise<void> {
    redis.pause()
    try {
      await work()
    } finally {
      redis.resume()
    }
    const health = async () => (await (await fetch(`${world.app.issuer}/health`)).json()) as Record<string, string>
    await until('health is well', async () => (await health()).artefacts === 'ok')
  }

  it.each(ends)(
    '%s: nothing is answered meanwhile, all is over when it is back, and stays so',
    async (_, end, lift) => {
      const person = somebody(numbers.pop() ?? '')
      await makeActive(world.app, person)
      const before = await everything(world, person)
      await away(async () => {
        await end(world, person)
        const { access_token, refresh_token } = before.refreshed
        expect((await world.userinfo(access_token)).status).toBe(503)
        expect((await world.introspect('guard', access_token)).status).toBe(503)
        expect((await world.refresh('own', refresh_token)).status).toBe(503)
      })
      await expectDead(world, before)
      if (!lift) return
      await away(() => lift(world, person))
      await expectDead(world, before)
    },
  )
})

async function at(world: Applications, browser: Client): Promise<Client> {
  await browser.get(world.url('own'))
  return browser
}

/** A person in the middle of everything: session, tokens, a code under way, an open consent, an open sign-in. */
async function everything(world: Applications, person: Person) {
  const browser = createClient()
  const tokens = await world.tokens('own', await signInHere(await at(world, browser), world.app, person))
  const refreshed = (await world.refresh('own', tokens.refresh_token)).body as typeof tokens
  const code = await browser.get(world.url('own', { prompt: 'none' }))
  const consenting = createClient()
  await consenting.get(world.url('third'))
  await signInHere(consenting, world.app, person)
  const underWay = await at(world, createClient())
  const known = (await world.app.inbox.list('sms', person.mobile)).length
  await enterPassword(underWay, person)
  const mtan = (await world.app.inbox.next('sms', person.mobile, known)).code ?? ''
  expect((await world.introspect('guard', refreshed.access_token)).body).toMatchObject({ active: true })
  expect(world.answer(code)).toHaveProperty('code')
  return { person, browser, tokens, refreshed, code, consenting, underWay, mtan }
}

type Everything = Awaited<ReturnType<typeof everything>> & { code: Page }

async function expectDead(world: Applications, before: Everything): Promise<void> {
  await expectTokensDead(world, before)
  const { browser, consenting } = before
  expect(world.answer(await browser.get(world.url('own', { prompt: 'none' })))).toMatchObject({
    error: 'login_required',
  })
  expect((await browser.get(world.url('own'))).url).toMatch(/passwort$/)
  const pushed = await world.pushed('own')
  expect((await browser.get(String(pushed.url))).url).toMatch(/passwort$/)
  const hinted = await browser.get(`${world.app.issuer}/oidc/logout?id_token_hint=${before.tokens.id_token}`)
  expect(hinted.status).toBeLessThan(500)

  const consents = () => ask(world.app, "select 1 from audit_events where type = 'consent_granted'")
  const agreed = (await consents()).length
  if (consenting.page().url.endsWith('einwilligung')) {
    expect(await consenting.submit({}, { button: 'Zustimmen' })).toMatchObject({ status: 410 })
    expect(world.answer(await consenting.get(world.url('third', { prompt: 'none' })))?.error).toBe('login_required')
  }
  expect(await consents()).toHaveLength(agreed)
}

async function expectTokensDead(world: Applications, { tokens, refreshed, code }: Everything): Promise<void> {
  for (const { access_token, refresh_token } of [tokens, refreshed]) {
    for (const token of [access_token, refresh_token])
      for (const asking of ['own', 'guard', 'outside'])
        expect((await world.introspect(asking, token)).body).toEqual({ active: false })
    expect(await world.userinfo(access_token)).toMatchObject({ status: 401, body: { error: 'invalid_token' } })
    expect(await world.refresh('own', refresh_token)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    expect((await world.revoke('own', refresh_token)).status).toBe(200)
  }
  expect(await world.tokens('own', code)).toMatchObject({ error: 'invalid_grant' })
}
