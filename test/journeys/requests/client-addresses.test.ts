import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.ts'
import { createClient, ownAddress } from '../../support/client.ts'
import { copyConfig } from '../../support/config-folder.ts'
import { entered } from '../../support/refusal.ts'
import { begin, enterCredentials, somebody } from '../../support/walk.ts'

const folder = mkdtempSync(join(tmpdir(), 'aok-addresses-'))

/** Limits per address that a test can use up. */
function writeConfig(): string {
  copyConfig(folder)
  const path = join(folder, 'config/limits.yaml')
  const limits = readFileSync(path, 'utf8')
    .replace('memoryKiB: 19456', 'memoryKiB: 1024')
    .replace('perAddressAndMinute: 30', 'perAddressAndMinute: 3')
    .replace('usernameChecks: { perAddressAndHour: 10 }', 'usernameChecks: { perAddressAndHour: 5 }')
    .replace('registration: { perAddressAndHour: 30 }', 'registration: { perAddressAndHour: 7 }')
    .replace('perAddressAndHour: 20,', 'perAddressAndHour: 2,')
  writeFileSync(path, limits)
  return join(folder, 'config')
}

let app: TestApp
beforeAll(async () => {
  app = await startTestApp({ CONFIG_DIR: writeConfig(), TRUST_PROXY: '2', IP_LIMIT_FACTOR: '1' })
})
afterAll(async () => {
  await app?.close()
  rmSync(folder, { recursive: true })
})

/** A browser behind two proxies, whose address changes with each request it sends. */
function moving() {
  const headers = { 'X-Forwarded-For': '' }
  const client = createClient(headers)
  const from = (address: string) => {
    headers['X-Forwarded-For'] = `198.18.99.99, ${address}, 10.0.0.5`
    return client
  }
  from(ownAddress()['X-Forwarded-For'] ?? '')
  return { client, from }
}

let names = 0
const known = 'lena.huber'

/** What each limit counts: true while it lets the address through. */
const limits = {
  async signIn() {
    const { client, from } = moving()
    const start = await begin(client, app)
    return async (address: string) => {
      const form = { _csrf: entered(start, '_csrf'), username: `niemand.${names++}`, password: 'falsch-falsch' }
      return (await from(address).post(start.url, form)).status === 422
    }
  },
  async browserLink() {
    const { client, from } = moving()
    const start = await begin(client, app)
    for (let turn = 0; turn < 11; turn++) {
      from(ownAddress()['X-Forwarded-For'] ?? '')
      const form = { _csrf: entered(start, '_csrf'), username: 'niemand.hier', password: 'falsch-falsch' }
      await client.post(start.url, form)
    }
    return async (address: string) => {
      const fresh = await begin(from(address), app)
      const form = { _csrf: entered(fresh, '_csrf'), action: 'browserLink', username: 'niemand.hier' }
      return (await client.post(fresh.url, form)).status !== 429
    }
  },
  async registration() {
    const { client, from } = moving()
    await client.get(`${app.issuer}/registrierung`)
    const wrong = { ...client.form({ insuranceNumber: 'X' }) }
    return async (address: string) => (await from(address).post(wrong.target, wrong.body)).status === 422
  },
  async usernameChecks() {
    const { client, from } = moving()
    return async (address: string) => {
      from(address)
      const page = await enterCredentials(client, app, somebody('A123456780', { username: known }))
      return /vergeben/.test(page.error('username') ?? '')
    }
  },
  async mtanOfRegistration() {
    return async (address: string) => {
      const { client, from } = moving()
      const person = somebody('A123456780')
      await enterCredentials(from(address), app, person)
      await client.submit({ email: person.email, mobile: person.mobile })
      return (await app.inbox.list('sms', person.mobile)).length === 1
    }
  },
}

const counts = { signIn: 3, browserLink: 3, registration: 7, usernameChecks: 5, mtanOfRegistration: 2 }

/** Addresses of one sender; no two tests share one. */
const senders = {
  'an address whose port changes': (test: number) => (n: number) => `198.51.${test}.7:${40_000 + n}`,
  'an address in many spellings': (test: number) => (n: number) => {
    const hex = `c633:${(test * 256 + 8).toString(16)}`
    return [`198.51.${test}.8`, `::ffff:${hex}`, `[64:ff9b::${hex}]:${n}`, `::FFFF:198.51.${test}.8`][n % 4] ?? ''
  },
  'a network (/64)': (test: number) => (n: number) => `2001:db8:${test}:1:${n.toString(16)}::1`,
}

describe.each(Object.keys(limits) as (keyof typeof limits)[])('the limit of %s', (name) => {
  const test = Object.keys(limits).indexOf(name) + 1
  it.each(Object.entries(senders))('counts %s as one', async (who, sender) => {
    const attempt = await limits[name]()
    const passed: boolean[] = []
    for (let n = 0; n < counts[name] + 2; n++) passed.push(await attempt(sender(test)(n)))
    expect(passed).toEqual([...Array(counts[name]).fill(true), false, false])
    expect(await attempt(`192.0.${Object.keys(senders).indexOf(who)}.${test}`)).toBe(true)
  })

  it('gives a home (/56) twice as much, over all its networks', async () => {
    const attempt = await limits[name]()
    const passed: boolean[] = []
    for (let n = 0; n < 2 * counts[name] + 2; n++) passed.push(await attempt(`2001:db8:f${test}:${n.toString(16)}::1`))
    expect(passed).toEqual([...Array(2 * counts[name]).fill(true), false, false])
    expect(await attempt(`2001:db8:f${test}:100::1`)).toBe(true)
  })
})

it('a site (/48) has eight times as much; what a refused home tries takes nothing from its neighbours', async () => {
  const attempt = await limits.signIn()
  const home = (n: number) => `2001:db8:ff:${n.toString(16)}00::1`
  for (let n = 0; n < 30; n++) expect(await attempt(home(0))).toBe(n < 3)
  const passed: boolean[] = []
  for (let n = 0; n < 23; n++) passed.push(await attempt(home(n + 1)))
  expect(passed).toEqual([...Array(21).fill(true), false, false])
  expect(await attempt('2001:db8:fe::1')).toBe(true)
})

it('counts all that cannot be read as one', async () => {
  const attempt = await limits.signIn()
  const spellings = ['unknown', '_hidden', '', '192.0.02.7', "<script>alert('x')</script>"]
  const passed: boolean[] = []
  for (const spelling of spellings) passed.push(await attempt(spelling))
  expect(passed).toEqual([true, true, true, false, false])
})

it('members behind the inner of two proxies count apart, whatever they claim themselves', async () => {
  const attempt = await limits.signIn()
  for (let n = 0; n < 9; n++) expect(await attempt(`203.0.113.${n}`)).toBe(true)
  for (let n = 0; n < 5; n++) expect(await attempt(`198.19.0.${n}, 203.0.114.1`)).toBe(n < 3)
})
