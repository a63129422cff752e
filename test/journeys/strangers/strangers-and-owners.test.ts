import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { startTestApp, type TestApp } from '../../support/app.ts'
import { type Client, createClient, ownAddress, type Page } from '../../support/client.ts'
import { copyConfig } from '../../support/config-folder.ts'
import { entered } from '../../support/refusal.ts'
import { freshNumbers, importMembers } from '../../support/register.ts'
import { ask } from '../../support/stores/database.ts'
import {
  authorizationUrl,
  begin,
  enterCredentials,
  enterMtan,
  enterPassword,
  makeActive,
  type Person,
  signInAgain,
  somebody,
} from '../../support/walk.ts'

const root = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url))
const limitsFile = () => readFileSync(root('config/limits.yaml'), 'utf8')

/** Counted by nothing that a stranger could name: sizes, costs, times, and what operators do. */
const noLimits = [
  'argon2',
  'mtan.lifetime',
  'mtan.resendAfter',
  'mtan.breaker',
  'signIn.browserLink.lifetime',
  'addressPrefixes',
  'bodyBytes',
  'requests',
  'memberImport',
  'loadShedding',
]

/** Every limit of `limits.yaml`: what it counts by, and why a stranger who uses it up does not bind the owner. */
const rows: Record<string, { key: string; why: string; try?: (app: TestApp) => Promise<void> }> = {
  'signIn.failures': {
    key: 'user name; known browser',
    why: 'known browsers have lanes, others a link',
    try: userName,
  },
  'signIn.perAddressAndMinute': {
    key: 'address',
    why: 'known browsers pass, right passwords count for nothing',
    try: address,
  },
  'signIn.browserLink.perAccountAndHour': {
    key: 'user name',
    why: 'what was asked for lies in her mailbox',
    try: links,
  },
  'mtan.tries': { key: 'journey and account', why: 'a stranger has another journey' },
  'mtan.perJourney': { key: 'journey', why: 'a stranger has another journey' },
  'mtan.registration.perNumberAndDay': {
    key: 'mobile number and address',
    why: 'her address is another',
    try: onePlace,
  },
  'mtan.registration.perNumberAndDayInAll': { key: 'mobile number', why: 'takes as many addresses', try: manyPlaces },
  'mtan.registration.furtherPerNumberAndDay': {
    key: 'mobile number',
    why: 'her first counts elsewhere',
    try: fewPlaces,
  },
  'mtan.registration.perAddressAndHour': { key: 'address', why: 'over in an hour, other addresses are free' },
  'mtan.registration.globalPerHour': { key: 'all', why: 'money of the insurer; sign-ins go on' },
  'mtan.spending': { key: 'country; all', why: 'money of the insurer; sign-ins go on' },
  'mtan.signIn.perNumberAndHour': { key: 'mobile number of an account', why: 'takes the password' },
  'mtan.signIn.perNumberAndDay': { key: 'mobile number of an account', why: 'takes the password' },
  unlockCode: { key: 'account', why: 'takes the password' },
  'usernameChecks.perAddressAndHour': { key: 'address', why: 'over in an hour, other addresses are free' },
  'registration.perAddressAndHour': {
    key: 'address',
    why: 'over in an hour, other addresses are free',
    try: registrations,
  },
  'authorizationRequests.perAddressAndMinute': { key: 'address', why: 'known browsers have lanes', try: requests },
  'authorizationRequests.perAddressAndHour': { key: 'address', why: 'known browsers have lanes', try: requests },
  'authorizationRequests.perKnownBrowserAndMinute': {
    key: 'cookie',
    why: 'her address counts then',
    try: copiedCookie,
  },
  'authorizationRequests.pushedPerAddressAndMinute': { key: 'address of a server', why: 'applications have their own' },
  'activationMail.perAccountAndDay': { key: 'account', why: 'takes the password' },
}

/** Leaves of the file, or the places above them that a row names. */
function placesIn(node: unknown, path: string[] = []): string[] {
  const place = path.join('.')
  if (typeof node !== 'object' || node === null || Array.isArray(node) || place in rows || noLimits.includes(place))
    return [place]
  return Object.entries(node).flatMap(([name, child]) => placesIn(child, [...path, name]))
}

it('every limit of limits.yaml has its row', () => {
  expect(placesIn(parse(limitsFile())).sort()).toEqual([...Object.keys(rows), ...noLimits].sort())
})

/** As the insurer has them, with quick hashes and numbers that a test uses up soon. */
function writeConfig(): { folder: string; CONFIG_DIR: string } {
  const folder = mkdtempSync(join(tmpdir(), 'aok-strangers-'))
  copyConfig(folder)
  const limits = limitsFile()
    .replace('memoryKiB: 19456', 'memoryKiB: 1024')
    .replace('perKnownBrowserAndMinute: 120', 'perKnownBrowserAndMinute: 5')
    .replace('perAddressAndMinute: 300', 'perAddressAndMinute: 60')
    .replace('perAddressAndHour: 20,', 'perAddressAndHour: 200,')
    .replace('usernameChecks: { perAddressAndHour: 10 }', 'usernameChecks: { perAddressAndHour: 100 }')
  writeFileSync(join(folder, 'config/limits.yaml'), limits)
  return { folder, CONFIG_DIR: join(folder, 'config') }
}

const numbers = freshNumbers(20, 'T')
const tried = Object.entries(rows).flatMap(([place, row]) => (row.try ? [{ place, ...row, attack: row.try }] : []))

describe('a limit that a stranger uses up binds no owner', () => {
  const { folder, CONFIG_DIR } = writeConfig()
  let app: TestApp
  beforeAll(async () => {
    app = await startTestApp({ CONFIG_DIR, TRUST_PROXY: 'true', IP_LIMIT_FACTOR: '1' })
    await importMembers(
      app,
      numbers.map((insuranceNumber) => ({ insuranceNumber })),
    )
  })
  afterAll(async () => {
    await app?.close()
    rmSync(folder, { recursive: true })
  })

  it.each(tried)('$place ($key): $why', async ({ attack }) => {
    await attack(app)
    await app.advance('PT1H1M')
  })
})

let next = 0
const member = (): Person => somebody(numbers[next++ % numbers.length] ?? '')
const at = ({ url }: Page) => new URL(url).pathname
const sixteen = <T>(work: (n: number) => Promise<T>) => Promise.all(Array.from({ length: 16 }, (_, n) => work(n)))
const sms = async (app: TestApp, { mobile }: Person) => (await app.inbox.list('sms', mobile)).length

/** The browser of a member who has signed in, without its session, at an address of its own or the one given. */
async function ownBrowser(app: TestApp, person: Person, headers = ownAddress()): Promise<Client> {
  const signedIn = await makeActive(app, person)
  return copyOf(signedIn, headers)
}

/** Another browser with the cookies that outlive a session. */
function copyOf(client: Client, headers = ownAddress()): Client {
  const copy = createClient(headers)
  for (const [key, cookie] of client.cookies)
    if (/(device|signed-in-before)(\.sig)?$/.test(key)) copy.cookies.set(key, cookie)
  return copy
}

async function expectSignIn(client: Client, app: TestApp, person: Person): Promise<void> {
  expect(new URL((await signInAgain(client, app, person)).url).origin).toBe(app.demo)
}

/** Opens sign-ins at addresses of their own and sends wrong passwords for the name, all at once. */
async function wrongPasswords(app: TestApp, username: string, headers?: Record<string, string>): Promise<Page[]> {
  return await sixteen(async () => {
    const client = createClient(headers ?? ownAddress())
    await begin(client, app)
    return await enterPassword(client, { username, password: 'falsch-falsch-falsch' })
  })
}

async function userName(app: TestApp): Promise<void> {
  const person = member()
  const own = await ownBrowser(app, person)
  const statuses = (await wrongPasswords(app, person.username)).map(({ status }) => status)
  expect(statuses.filter((status) => status === 422)).toHaveLength(10)
  expect(statuses.filter((status) => status === 429)).toHaveLength(6)
  await expectSignIn(own, app, person)
}

async function address(app: TestApp): Promise<void> {
  const shared = ownAddress()
  const person = member()
  const own = await ownBrowser(app, person, shared)
  // An office behind one address: right passwords use nothing up.
  for (let turn = 0; turn < 33; turn++) {
    const colleague = createClient(shared)
    await begin(colleague, app)
    expect(at(await enterPassword(colleague, person))).toMatch(/mtan$/)
  }
  await app.advance('PT1H1M')
  for (let turn = 0; turn < 3; turn++)
    await wrongPasswords(app, `niemand.${turn}.${Math.random()}`.slice(0, 20), shared)
  const stranger = createClient(shared)
  await begin(stranger, app)
  expect((await enterPassword(stranger, { username: 'niemand', password: 'falsch-falsch-falsch' })).status).toBe(429)
  await expectSignIn(own, app, person)
  // What a known browser may send beyond its address leaves no rows behind.
  const rows = () => ask(app, "select 1 from audit_events where type = 'sign_in_paused'")
  const before = (await rows()).length
  const again = copyOf(own, shared)
  const start = await begin(again, app)
  const form = { _csrf: entered(start, '_csrf'), username: person.username, password: 'falsch-falsch-falsch' }
  for (let turn = 0; turn < 60; turn++) await again.post(start.url, form)
  expect((await rows()).length - before).toBeLessThan(32)
}

async function links(app: TestApp): Promise<void> {
  const person = member()
  await makeActive(app, person)
  await wrongPasswords(app, person.username)
  const asked = (await app.inbox.list('email', person.email)).length
  await sixteen(async () => {
    const client = createClient(ownAddress())
    const start = await begin(client, app)
    await client.post(start.url, { _csrf: entered(start, '_csrf'), action: 'browserLink', username: person.username })
  })
  const own = createClient(ownAddress())
  await confirmLink(own, app, person, asked)
  expect((await app.inbox.list('email', person.email)).length - asked).toBe(3)
  await expectSignIn(own, app, person)
}

async function confirmLink(own: Client, app: TestApp, person: Person, known: number): Promise<void> {
  const { link } = await app.inbox.next('email', person.email, known)
  const page = await own.get(link ?? '')
  await own.submit({}, { button: page.$('main form button').last().text().trim() })
}

/** Asks for an mTAN to the number as a registration; the page that follows. */
async function askMtan(app: TestApp, mobile: string, headers = ownAddress()): Promise<Page> {
  const client = createClient(headers)
  const person = somebody('A123456780', { mobile })
  await enterCredentials(client, app, person)
  return await client.submit({ email: person.email, mobile })
}

async function expectMtan(app: TestApp, person: Person): Promise<void> {
  const before = await sms(app, person)
  await askMtan(app, person.mobile)
  await expect.poll(() => sms(app, person)).toBe(before + 1)
}

async function onePlace(app: TestApp): Promise<void> {
  const person = member()
  const place = ownAddress()
  await sixteen(() => askMtan(app, person.mobile, place))
  await expect.poll(() => sms(app, person)).toBe(5)
  await expectMtan(app, person)
}

async function fewPlaces(app: TestApp): Promise<void> {
  const person = member()
  for (let place = 0; place < 4; place++) {
    const headers = ownAddress()
    await Promise.all(Array.from({ length: 6 }, () => askMtan(app, person.mobile, headers)))
  }
  // The first of each, and ten more: no telephone rings all day.
  await expect.poll(() => sms(app, person)).toBe(14)
  await expectMtan(app, person)
}

async function manyPlaces(app: TestApp): Promise<void> {
  const person = member()
  await sixteen(() => askMtan(app, person.mobile))
  await expect.poll(() => sms(app, person)).toBe(16)
  await expectMtan(app, person)
}

async function registrations(app: TestApp): Promise<void> {
  const flooding = createClient(ownAddress())
  const page = await flooding.get(`${app.issuer}/registrierung`)
  const send = (client: Client) => client.post(page.url, { _csrf: entered(page, '_csrf') })
  for (let turn = 0; turn < 30; turn++) expect((await send(flooding)).status).toBe(422)
  // Without its journey, too: the truth, and no way round in circles.
  for (const key of [...flooding.cookies.keys()]) if (/registration/.test(key)) flooding.cookies.delete(key)
  const refused = await flooding.send(
    page.url,
    {
      method: 'POST',
      body: new URLSearchParams({ _csrf: entered(page, '_csrf') }).toString(),
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    },
    false,
  )
  expect(refused.status).toBe(429)
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(at(await enterCredentials(createClient(ownAddress()), app, member()))).toBe('/registrierung/kontakt')
}

async function requests(app: TestApp): Promise<void> {
  const shared = ownAddress()
  const person = member()
  const own = await ownBrowser(app, person, shared)
  const url = await authorizationUrl(createClient(ownAddress()), app, {})
  const visit = (path: string) =>
    fetch(url.replace('/oidc/auth', path), { redirect: 'manual', headers: { accept: 'text/html', ...shared } })
  // Spellings that the router takes for the same address.
  for (const path of ['/oidc/auth', '/oidc/Auth', '/oidc/auth/'])
    for (let turn = 0; turn < 21; turn++) await (await visit(path)).body?.cancel()
  for (const path of ['/oidc/auth', '/oidc/AUTH', '/oidc/auth/', '/oidc/aUth/'])
    expect([path, (await visit(path)).status]).toEqual([path, 429])
  await expectSignIn(own, app, person)
}

async function copiedCookie(app: TestApp): Promise<void> {
  const person = member()
  const own = await ownBrowser(app, person)
  const url = await authorizationUrl(createClient(ownAddress()), app, {})
  const place = ownAddress()
  const statuses: number[] = []
  for (let turn = 0; turn < 70; turn++) statuses.push((await copyOf(own, place).peek(url)).status)
  // One lane for all copies, then the thief's own address.
  expect(statuses.filter((status) => status === 303)).toHaveLength(65)
  expect(statuses.at(-1)).toBe(429)
  // The lane of failures, too: ten wrong passwords with the copied cookie pause the owner's browser until her link.
  for (let turn = 0; turn < 11; turn++) {
    const thief = copyOf(own)
    await begin(thief, app)
    await enterPassword(thief, { username: person.username, password: 'falsch-falsch-falsch' })
  }
  await begin(own, app)
  expect((await enterPassword(own, person)).status).toBe(429)
  const known = (await app.inbox.list('email', person.email)).length
  await own.submit({ action: 'browserLink' }, { action: 'browserLink' })
  const old = copyOf(own)
  await confirmLink(own, app, person, known)
  await begin(own, app)
  const before = await sms(app, person)
  expect(at(await enterPassword(own, person))).toMatch(/mtan$/)
  expect(new URL((await enterMtan(own, app, person.mobile, before)).url).origin).toBe(app.demo)
  // The thief's copy is no known browser any more.
  for (let turn = 0; turn < 11; turn++) {
    await begin(old, app)
    await enterPassword(old, { username: person.username, password: 'falsch-falsch-falsch' })
  }
  await expectSignIn(copyOf(own), app, person)
}
