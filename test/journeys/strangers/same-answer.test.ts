import { hash } from 'argon2'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { insuranceNumberCheckDigit } from '../../../src/domain/register/insurance-number.ts'
import { startTestApp, type TestApp } from '../../support/app.ts'
import { createClient, ownAddress, type Page } from '../../support/client.ts'
import type { Item } from '../../support/inbox.ts'
import { ask } from '../../support/stores/database.ts'
import {
  activate,
  begin,
  enterCredentials,
  enterMtan,
  enterPassword,
  lena,
  type Person,
  register,
  runJobs,
  somebody,
} from '../../support/walk.ts'

/** Nothing outside the letter tells whether a number is known (mission.md, "Who may register"). */
const unknownNumber = `P12345678${insuranceNumberCheckDigit('P12345678')}`
const cases = [
  { name: 'known', insuranceNumber: 'A123456780', letters: 1 },
  { name: 'unknown', insuranceNumber: unknownNumber, letters: 0 },
  { name: 'under age', insuranceNumber: 'E271828183', letters: 0 },
  { name: 'coverage ended', insuranceNumber: 'F161803393', letters: 0 },
  { name: 'with a guardian', insuranceNumber: 'G102030405', letters: 0 },
  { name: 'registered already', insuranceNumber: lena.insuranceNumber, letters: 1 },
]

let app: TestApp
beforeAll(async () => {
  app = await startTestApp({ TRUST_PROXY: 'true', IP_LIMIT_FACTOR: '1000' }, undefined, { dearHashes: true })
})
afterAll(() => app?.close())

/** Everything a person gets to see, with what is her own replaced by its kind. */
type Trace = { pages: string[]; mails: string[]; sms: string[] }

function mask(text: string, person: Person): string {
  return text
    .replaceAll(person.insuranceNumber, '<number>')
    .replaceAll(person.username, '<username>')
    .replaceAll(person.email, '<email>')
    .replaceAll(/\/anmeldung\/[\w-]{15,}/g, '/anmeldung/<uid>')
    .replaceAll(/\/aktivierung\/[\w-]{43}/g, '/aktivierung/<token>')
    .replaceAll(/name="(_csrf|_journey)" value="[^"]*"/g, 'name="$1"')
    .replaceAll(/nonce-[\w+/=-]+/g, '<nonce>')
    .replaceAll(/\+49[\s\u00A0\d•]+\d/g, '<mobile>')
    .replaceAll(/#\d{6}\b|\b\d{6}\b/g, '<code>')
    .replaceAll(/\d{1,2}:\d{2}(:\d{2})?/g, '<time>')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<instant>')
    .replaceAll(/data-(now|until|at|resend[\w-]*|seconds)="[^"]*"/g, 'data-$1')
}

const seen = (page: Page, person: Person) => {
  const headers = [...page.headers.keys()].filter((name) => !['date', 'keep-alive'].includes(name)).sort()
  const length = /^[0-9]+$/.test(page.headers.get('content-length') ?? '') ? '<length>' : ''
  return mask(`${page.status} ${new URL(page.url).pathname}\n${headers}${length}\n${page.body}`, person)
}
const read = (item: Item, person: Person) => mask(`${item.subject}\n${item.text}\n${item.html}`, person)

/** The way of a registration up to the page that asks for the unlock code, as seen from outside. */
async function walkThrough(insuranceNumber: string): Promise<{ person: Person; trace: Trace }> {
  const person = somebody(insuranceNumber)
  const trace: Trace = { pages: [], mails: [], sms: [] }
  const client = createClient(ownAddress())
  const note = (page: Page) => trace.pages.push(seen(page, person))
  note(await enterCredentials(client, app, person))
  note(await client.submit({ email: person.email, mobile: person.mobile }))
  const sms = await app.inbox.next('sms', person.mobile)
  note(await client.submit({ mtan: sms.code ?? '' }))
  note(await signInPage(person))
  const mail = await app.inbox.next('email', person.email)
  note(await client.get(mail.link ?? ''))
  note(await client.submit({}, { button: 'Jetzt aktivieren' }))
  await runJobs(app)
  note(await signInPage(person))
  await app.inbox.next('email', person.email, 1)
  trace.mails = (await app.inbox.list('email', person.email)).map((item) => read(item, person))
  trace.sms = (await app.inbox.list('sms', person.mobile)).map((item) => read(item, person))
  return { person, trace }
}

/** What a new browser sees after the right password. */
async function signInPage(person: Person): Promise<Page> {
  const client = createClient(ownAddress())
  await begin(client, app)
  return await enterPassword(client, person)
}

const sentTo = async (email: string) => (await app.inbox.list('email', email)).map((item) => item.subject)

describe('a registration', () => {
  it('looks the same whether its number is known, unknown, refused or registered already', async () => {
    const traces = []
    for (const each of cases) traces.push({ ...each, ...(await walkThrough(each.insuranceNumber)) })
    const [reference, ...others] = traces
    expect(reference?.trace.pages.at(-1)).toContain('/freischaltcode')
    expect(reference?.trace.mails).toHaveLength(2)
    for (const { name, trace } of others) {
      for (const [index, page] of trace.pages.entries())
        expect(page, `${name}, page ${index}`).toBe(reference?.trace.pages[index])
      expect(trace.mails, name).toEqual(reference?.trace.mails)
      expect(trace.sms, name).toEqual(reference?.trace.sms)
    }
    for (const { name, insuranceNumber, letters } of cases)
      expect(await app.inbox.list('letter', insuranceNumber), name).toHaveLength(letters)
  })

  it('tells the person who has an account, by letter and by e-mail, and nobody else', async () => {
    const [letter] = await app.inbox.list('letter', lena.insuranceNumber)
    expect(letter?.code).toBeNull()
    expect(await sentTo(lena.email)).toHaveLength(1)
    const [mail] = await app.inbox.list('email', lena.email)
    expect(mail?.text).toMatch(/Registrierung|registrier/i)
    expect((await app.inbox.list('letter', 'A123456780'))[0]?.code).not.toBeNull()
  })

  it('reminds of the code and ends it on the same days, matched or not', async () => {
    const people: Person[] = []
    for (const insuranceNumber of ['H556677889', `P22345678${insuranceNumberCheckDigit('P22345678')}`]) {
      const person = somebody(insuranceNumber)
      const client = createClient(ownAddress())
      await register(client, app, person)
      await activate(client, app, person)
      people.push(person)
    }
    await runJobs(app)
    const see = async () => {
      const views: string[][] = []
      for (const person of people) {
        const page = seen(await signInPage(person), person)
        views.push([page, ...(await app.inbox.list('email', person.email)).map((item) => read(item, person))])
      }
      expect(views[1]).toEqual(views[0])
      return views[0] ?? []
    }
    expect(await see()).toHaveLength(3)
    await app.advance('P20D')
    expect(await see()).toHaveLength(4)
    await app.advance('P11D')
    expect((await see())[0]).toContain('/mtan')
    for (const person of people) {
      const client = createClient(ownAddress())
      await begin(client, app)
      const known = (await app.inbox.list('sms', person.mobile)).length
      await enterPassword(client, person)
      await enterMtan(client, app, person.mobile, known)
      await client.submit({}, { button: 'Neuen Freischaltcode anfordern' })
    }
    // The print run of development comes by itself; both letters are in the post before the pages are compared.
    await runJobs(app)
    expect((await see()).length).toBeGreaterThanOrEqual(4)
    await runJobs(app)
    expect((await see())[0]).toContain('/freischaltcode')
  })
})

describe('timing', () => {
  /** Medians over interleaved samples; the first ones warm up. Milliseconds. */
  async function medians(ways: (() => Promise<unknown>)[], samples: number): Promise<number[]> {
    const times: number[][] = ways.map(() => [])
    for (let turn = -3; turn < samples; turn++)
      for (const [index, way] of ways.entries()) {
        const started = performance.now()
        await way()
        if (turn >= 0) times[index]?.push(performance.now() - started)
      }
    return times.map((each) => each.sort((a, b) => a - b)[Math.floor(each.length / 2)] ?? 0)
  }

  /**
   * Two medians are the same when they differ by less than a quarter, or by less than 8 ms. A busy machine can pull
   * them apart for a while, a real difference shows in each of three rounds.
   */
  async function expectAlike(what: string, ways: (() => Promise<unknown>)[], samples: number): Promise<void> {
    const rounds: string[] = []
    for (let round = 0; round < 3; round++) {
      const [a = 0, b = 0] = await medians(ways, samples)
      if (Math.abs(a - b) < Math.max(8, Math.max(a, b) / 4)) return
      rounds.push(`${a.toFixed(1)} ms and ${b.toFixed(1)} ms`)
      // Failures are counted by the hour.
      await app.advance('PT1H1M')
    }
    expect.fail(`${what}: ${rounds.join('; ')}`)
  }

  it('does not tell an unknown user name from a wrong password', async () => {
    const people = Array.from({ length: 5 }, (_, index) => `niemand.${index}`)
    const known: Person[] = []
    for (let count = 0; count < 5; count++) {
      const person = somebody('K908172635')
      await register(createClient(ownAddress()), app, person)
      known.push(person)
    }
    const clients = [createClient(ownAddress()), createClient(ownAddress())]
    for (const client of clients) await begin(client, app)
    let turn = 0
    // Below the ten failures after which a name is paused: 33 attempts over five names.
    const attempt = (index: number, name: string) => async () => {
      const page = await clients[index]?.submit({ username: name, password: 'ganz-falsches-passwort' })
      expect(page?.status).toBe(422)
    }
    const ways = [() => attempt(0, people[turn % 5] ?? '')(), () => attempt(1, known[turn++ % 5]?.username ?? '')()]
    await expectAlike('unknown name and wrong password', ways, 30)
  })

  // Incident: after a rise of the argon2 parameters names that had not signed in since answered three times as fast.
  it('does not tell whose password was hashed with other parameters than the settings', async () => {
    // Dearer than the settings rather than cheaper: the difference stands out of the noise of a busy machine.
    const other = await hash('ganz-anderes-passwort', { type: 2, memoryCost: 65_536, timeCost: 3, parallelism: 1 })
    const old: Person[] = []
    for (let count = 0; count < 5; count++) {
      const person = somebody('K908172635')
      await register(createClient(ownAddress()), app, person)
      await ask(app, 'update accounts set password_hash = $1 where username = $2', [other, person.username])
      old.push(person)
    }
    const clients = [createClient(ownAddress()), createClient(ownAddress())]
    for (const client of clients) await begin(client, app)
    let turn = 0
    const attempt = async (index: number, username: string) => {
      const page = await clients[index]?.submit({ username, password: 'ganz-falsches-passwort' })
      expect(page?.status).toBe(422)
    }
    const ways = [() => attempt(0, `nie.da.${turn % 5}`), () => attempt(1, old[turn++ % 5]?.username ?? '')]
    await expectAlike('unknown name and old password', ways, 9)
  })

  it('does not tell a known number from an unknown one', async () => {
    const way = (insuranceNumber: string) => async () => {
      const page = await enterCredentials(createClient(ownAddress()), app, somebody(insuranceNumber))
      expect(new URL(page.url).pathname).toBe('/registrierung/kontakt')
    }
    await expectAlike('known and unknown number', [way('A123456780'), way(unknownNumber)], 15)
  })

  it('does not tell in the state page after the right password either', async () => {
    const people = [somebody('M424242429'), somebody(`P32345678${insuranceNumberCheckDigit('P32345678')}`)]
    for (const person of people) {
      const client = createClient(ownAddress())
      await register(client, app, person)
      await activate(client, app, person)
    }
    await runJobs(app)
    const ways = people.map((person) => async () => {
      const page = await signInPage(person)
      expect(page.url).toMatch(/freischaltcode$/)
    })
    await expectAlike('matched and unmatched', ways, 15)
  })
})
