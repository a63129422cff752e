import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { insuranceNumberCheckDigit } from '../../../src/domain/register/insurance-number.ts'
import { startTestApp, type TestApp } from '../../support/app.ts'
import { type Client, createClient, ownAddress, type Page } from '../../support/client.ts'
import type { Item } from '../../support/inbox.ts'
import { bare } from '../../support/machine/child.ts'
import { ask } from '../../support/stores/database.ts'
import {
  activate,
  begin,
  demoPassword,
  enterMtan,
  enterPassword,
  lena,
  type Person,
  register,
  runJobs,
  somebody,
} from '../../support/walk.ts'

/**
 * What a registration shows is a function of that registration alone (docs/decisions/0022-envelopes.md). One world has nobody but
 * the people watched; in the other one strangers register their numbers before, beside and after them, ask for
 * letters, and one letter comes back. Everything that the watched see is compared byte by byte; to the end of a registration it is in
 * test/services/accounts/own-registration.test.ts.
 */
const unknownNumber = `P52345678${insuranceNumberCheckDigit('P52345678')}`
const watched = [
  { name: 'matched', insuranceNumber: 'H556677889' },
  { name: 'not known', insuranceNumber: unknownNumber },
  { name: 'with an active account', insuranceNumber: lena.insuranceNumber },
  { name: 'never activated', insuranceNumber: 'M424242429' },
]

type Watched = { person: Person; client: Client; activates: boolean }
type World = { app: TestApp; crowded: boolean; people: Watched[] }

/** The same person in both worlds, each browser with an address of its own. */
const twin = (insuranceNumber: string, n: number): Person => ({
  ...{ insuranceNumber, password: demoPassword, username: `mitglied.${n}`, email: `mitglied.${n}@example.org` },
  mobile: `+4915112345${String(800 + n)}`,
})

/** What differs between two runs of one and the same world: random ids, tokens, ports, the time of day. */
const mask = (text: string): string =>
  text
    .replaceAll(/localhost(:|%3A)\d+/g, '<host>')
    .replaceAll(/\/anmeldung\/[\w-]{15,}/g, '/anmeldung/<uid>')
    .replaceAll(/\/aktivierung\/[\w-]{43}/g, '/aktivierung/<token>')
    .replaceAll(/name="(_csrf|_journey)" value="[^"]*"/g, 'name="$1"')
    .replaceAll(/nonce-[\w+/=-]+/g, '<nonce>')
    .replaceAll(/#\d{6}\b|\b\d{6}\b/g, '<code>')
    .replaceAll(/\d{1,2}:\d{2}(:\d{2})?/g, '<time>')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<instant>')
    .replaceAll(/data-(now|until|at|resend[\w-]*|seconds)="[^"]*"/g, 'data-$1')

const seen = (page: Page) => {
  const names = [...page.headers.keys()].filter((name) => !['date', 'keep-alive'].includes(name)).sort()
  return mask(`${page.status} ${new URL(page.url).pathname}\n${names}\n${page.body}`)
}
const read = (item: Item) => mask(`${item.subject}\n${item.text}\n${item.html}\n${item.createdAt?.slice(0, 10)}`)

describe('with and without other registrations of a number', () => {
  let worlds: World[] = []
  beforeAll(async () => {
    const start = (crowded: boolean): Promise<World> =>
      startTestApp({ TRUST_PROXY: 'true', IP_LIMIT_FACTOR: '1000' }).then((app) => ({ app, crowded, people: [] }))
    worlds = await Promise.all([start(false), start(true)])
    for (const { app } of worlds) await toMorning(app)
  })
  afterAll(() => Promise.all(worlds.map(({ app }) => app?.close())))

  it('every page, e-mail and date is the same, from the registration to a code that has run out and a new one', async () => {
    await strangersBefore(worlds)
    await alike('registered', (world) => Promise.all(watched.map((each, n) => enter(world, each.insuranceNumber, n))))
    await strangers(worlds)
    await alike('activated', (world) => eachOne(world, activatePerson))
    await strangers(worlds)
    await alike('posted', (world) => eachOne(world, look))
    for (const [day, days] of [
      ['reminders', 20],
      ['code over, activation over', 11],
    ] as const) {
      await pass(worlds, days)
      await alike(day, (world) => eachOne(world, look))
    }
    await alike('new code asked for', (world) => eachOne(world, askAgain))
    await pass(worlds, 1)
    await comeBack(worlds)
    await alike('a letter came back in one world', (world) => eachOne(world, look))
    await alike('another new code asked for', (world) => eachOne(world, askAgain))
  }, 300_000)

  /** Looks at both worlds, and finds no difference. */
  async function alike(what: string, watch: (world: World) => Promise<string[][]>): Promise<void> {
    const [alone = [], crowded = []] = await Promise.all(worlds.map(watch))
    for (const [index, { name }] of watched.entries()) expect(crowded[index], `${what}: ${name}`).toEqual(alone[index])
    expect(alone.flat().length, what).toBeGreaterThan(0)
  }
})

/** Both worlds pass noon and midnight at the same moments of the test. */
async function toMorning(app: TestApp): Promise<void> {
  const { now } = (await (await fetch(`${app.issuer}/dev/clock`)).json()) as { now: string }
  const hours = (24 + 7 - new Date(now).getUTCHours()) % 24
  await app.advance(`PT${hours === 0 ? 24 : hours}H`)
}

async function enter(world: World, insuranceNumber: string, n: number): Promise<string[]> {
  const { app } = world
  const person = twin(insuranceNumber, n)
  const client = createClient(ownAddress())
  world.people[n] = { person, client, activates: watched[n]?.name !== 'never activated' }
  return [seen(await register(client, app, person)), ...(await mailsOf(app, person))]
}

const eachOne = async (world: World, watch: (world: World, each: Watched) => Promise<string[]>) => {
  const views: string[][] = []
  for (const each of world.people) views.push(await watch(world, each))
  return views
}

async function mailsOf(app: TestApp, person: Person): Promise<string[]> {
  // That somebody tried is told to the holder of an account at an address that no registration has.
  return (await app.inbox.list('email', person.email)).map(read)
}

async function activatePerson(world: World, { person, client, activates }: Watched): Promise<string[]> {
  const { app } = world
  if (!activates) return [seen(await signInPage(app, person))]
  const done = await activate(client, app, person)
  await runJobs(app)
  return [seen(done), seen(await client.get(`${app.issuer}/aktivierung`)), seen(await signInPage(app, person))]
}

/** The page after the right password, its way to a new code, and every e-mail so far. */
async function look({ app }: World, { person }: Watched): Promise<string[]> {
  await runJobs(app)
  return [seen(await signInPage(app, person)), ...(await mailsOf(app, person))]
}

async function askAgain({ app }: World, { person, activates }: Watched): Promise<string[]> {
  if (!activates) return []
  const pages: Page[] = []
  const client = createClient(ownAddress())
  await begin(client, app)
  const known = (await app.inbox.list('sms', person.mobile)).length
  const first = await enterPassword(client, person)
  if (first.url.endsWith('/freischaltcode')) await client.submit({}, { action: 'newLetter' })
  pages.push(await enterMtan(client, app, person.mobile, known))
  if (pages[0]?.$('button').text().includes('Neuen Freischaltcode anfordern'))
    pages.push(await client.submit({}, { button: 'Neuen Freischaltcode anfordern' }))
  await runJobs(app)
  pages.push(await signInPage(app, person))
  return [...pages.map(seen), ...(await mailsOf(app, person))]
}

async function signInPage(app: TestApp, person: Person): Promise<Page> {
  const client = createClient(ownAddress())
  await begin(client, app)
  return await enterPassword(client, person)
}

/** In the crowded world all numbers have had letters, and registrations wait. */
async function strangersBefore(worlds: World[]): Promise<void> {
  await strangers(worlds)
  for (const { app } of worlds) await app.advance('P1D')
  for (const { app, crowded } of worlds)
    if (crowded)
      for (const { insuranceNumber } of watched)
        await register(createClient(ownAddress()), app, somebody(insuranceNumber))
}

async function strangers(worlds: World[]): Promise<void> {
  for (const { app, crowded } of worlds)
    if (crowded) for (const { insuranceNumber } of watched.slice(0, 3)) await joinAs(app, somebody(insuranceNumber))
}

async function joinAs(app: TestApp, person: Person): Promise<void> {
  const client = createClient(ownAddress())
  await register(client, app, person)
  await activate(client, app, person)
  await runJobs(app)
}

/** Days pass in both worlds; then strangers have letters in the crowded one. */
async function pass(worlds: World[], days: number): Promise<void> {
  await Promise.all(worlds.map(({ app }) => app.advance(`P${days}D`)))
  await strangers(worlds)
}

/** The address of the matched number is blocked in the crowded world, as after returned mail. */
async function comeBack(worlds: World[]): Promise<void> {
  for (const { app, crowded } of worlds) {
    if (!crowded) continue
    const [letter] = await app.inbox.list('letter', 'H556677889')
    await promisify(execFile)(
      process.execPath,
      ['src/cli/main.ts', 'letters:returned', letter?.id ?? '', '--operator', 'k.weber', '--json'],
      { env: { ...bare, NODE_ENV: 'development', ...app.storage } },
    )
    const rows = await ask<{ n: string }>(app, 'select count(*) as n from returned_letters', [])
    expect(Number(rows[0]?.n)).toBe(1)
  }
}
