import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.ts'
import { type Client, createClient, ownAddress } from '../../support/client.ts'
import { copyConfig } from '../../support/config-folder.ts'
import { waitFor } from '../../support/wait.ts'
import {
  awaitLetter,
  begin,
  enterMtan,
  enterPassword,
  lena,
  type Person,
  signInAgain,
  somebody,
} from '../../support/walk.ts'

const folder = mkdtempSync(join(tmpdir(), 'aok-overload-'))

/** A queue of four places before hashes that take long. */
function writeConfig(): string {
  copyConfig(folder)
  const path = join(folder, 'config/limits.yaml')
  const limits = readFileSync(path, 'utf8')
  writeFileSync(
    path,
    limits
      .replace('memoryKiB: 19456', 'memoryKiB: 32768')
      .replace('iterations: 2', 'iterations: 3')
      .replace('perCore: 2', 'perCore: 1')
      .replace('queue: 64', 'queue: 4')
      .replace('eventLoopDelay: { begin: 750, end: 250 }', 'eventLoopDelay: { begin: 500, end: 250 }')
      // A busy machine may add to what the test blocks.
      .replace('eventLoopDelay: { begin: 950, end: 500 }', 'eventLoopDelay: { begin: 5000, end: 500 }'),
  )
  return join(folder, 'config')
}

let app: TestApp
beforeAll(async () => {
  app = await startTestApp({ CONFIG_DIR: writeConfig(), TRUST_PROXY: 'true' }, undefined, { sheds: true })
  // The start itself may have blocked the loop of a slow machine: what the test does begins when that is over.
  await until('/registrierung', 200)
})
afterAll(async () => {
  await app?.close()
  rmSync(folder, { recursive: true })
})

/** Sends wrong passwords from as many addresses without a pause until `signal` is aborted; one alone cannot fill the queue. */
async function floodOf(clients: number, signal: AbortSignal): Promise<() => Promise<unknown>> {
  const ready = await Promise.all(
    Array.from({ length: clients }, async (_, index) => {
      const client = createClient(ownAddress())
      const { url } = await begin(client, app)
      return async () => {
        for (let n = 0; !signal.aborted; n++) {
          await client.get(url)
          await enterPassword(client, { username: `niemand.${index}.${n}`, password: 'falsch-falsch-falsch' })
        }
      }
    }),
  )
  return () => Promise.all(ready.map((send) => send()))
}

const visit = (path: string) => fetch(`${app.issuer}${path}`, { redirect: 'manual', headers: { Accept: 'text/html' } })

const until = (path: string, status: number): Promise<Response> =>
  waitFor(async () => {
    const answer = await visit(path)
    if (answer.status === status) return answer
    await answer.body?.cancel()
  })

/** Sends the right password until the queue was full for it, at most twenty times; the last status. */
async function turnAway(client: Client, person: Person): Promise<number> {
  const { url } = client.page()
  for (let turn = 0; turn < 20; turn++) {
    const page = await client.get(url)
    if (page.status !== 200 || !page.$('[name="password"]').length) return page.status
    const { status } = await enterPassword(client, person)
    if (status === 503) return status
  }
  return 0
}

it('an overload refuses new sign-ins and registrations; those under way end, health stays green', async () => {
  const person = somebody('A123456780')
  const waitingPerson = somebody('B204581379')
  for (const each of [person, waitingPerson]) {
    await awaitLetter(app, each)
    // The first letter loads what draws it, which blocks the loop once.
    await until('/registrierung', 200)
  }
  const almostThrough = createClient()
  await begin(almostThrough, app)
  await enterPassword(almostThrough, person)
  const letter = await app.inbox.next('letter', person.insuranceNumber)
  await almostThrough.submit({ unlockCode: letter.code ?? '' })
  await enterMtan(almostThrough, app, person.mobile, 1)
  const atMtan = createClient()
  await begin(atMtan, app)
  await enterPassword(atMtan, lena)

  const waiting = Array.from({ length: 24 }, () => createClient(ownAddress()))
  for (const client of waiting) await begin(client, app)
  const over = new AbortController()
  const flood = (await floodOf(12, over.signal))()
  const refused = await until('/registrierung', 503)
  expect(refused.headers.get('retry-after')).toBe('10')
  const page = await refused.text()
  expect(page).toContain('Gerade geht es leider nicht')
  expect(page).toContain('mindestens 10 Sekunden')
  await until('/oidc/auth?client_id=demo-portal', 503)
  for (const spelled of ['/Registrierung', '/registrierung/', '/ANMELDUNG/', '/oidc/Auth/?client_id=demo-portal'])
    await until(spelled, 503)
  // What the full queue turns away was compared with nothing: it begins no pause.
  const turnedAway = await Promise.all(waiting.map((client) => turnAway(client, waitingPerson)))
  expect(turnedAway.filter((status) => status === 503).length).toBeGreaterThanOrEqual(10)
  for (const path of ['/health/live', '/health/ready', '/hilfe', '/.well-known/openid-configuration'])
    expect([path, (await visit(path)).status]).toEqual([path, 200])

  const answer = { securityQuestion: 'first_pet', securityAnswer: 'Schnurri' }
  expect(new URL((await almostThrough.submit(answer)).url).origin).toBe(app.demo)
  expect(new URL((await enterMtan(atMtan, app, lena.mobile, 0)).url).origin).toBe(app.demo)
  await until('/registrierung', 503)

  over.abort()
  await flood
  await until('/registrierung', 200)
  const later = createClient(ownAddress())
  await begin(later, app)
  expect(new URL((await enterPassword(later, waitingPerson)).url).pathname).toMatch(/brief-unterwegs|freischaltcode$/)
})

// Incident: what looked at the loop was a timer of that loop, so that requests that had waited for it were all let in.
it('refuses strangers who waited for a blocked loop; known browsers and who is under way go on', async () => {
  const known = createClient(ownAddress())
  await signInAgain(known, app, lena)
  for (const key of [...known.cookies.keys()]) if (/session/.test(key)) known.cookies.delete(key)
  const underWay = createClient(ownAddress())
  await begin(underWay, app)
  await until('/registrierung', 200)
  const statuses = Promise.all([
    visit('/registrierung').then(({ status }) => status),
    visit('/oidc/auth?client_id=demo-portal').then(({ status }) => status),
    known.peek(`${app.issuer}/registrierung`).then(({ status }) => status),
    enterPassword(underWay, { username: 'niemand.hier', password: 'falsch-falsch-falsch' }).then(
      ({ status }) => status,
    ),
  ])
  // The application answers in this very process.
  for (const end = performance.now() + 1500; performance.now() < end; );
  expect(await statuses).toEqual([503, 503, 200, 422])
  await until('/registrierung', 200)
})
