import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addDays, berlinDay } from '../../../src/domain/calendar.ts'
import { startTestApp, type TestApp } from '../../support/app.ts'
import { type Client, createClient, ownAddress, type Page } from '../../support/client.ts'
import { entered, expectRefused, expectWrongCredentials, words } from '../../support/refusal.ts'
import { freshNumbers, importMembers } from '../../support/register.ts'
import { ask } from '../../support/stores/database.ts'
import {
  activate,
  awaitLetter,
  begin,
  enterMtan,
  enterPassword,
  makeActive,
  type Person,
  register,
  runJobs,
  signInAgain,
  signInFirst,
  somebody,
} from '../../support/walk.ts'

let app: TestApp
const numbers = freshNumbers(40)
beforeAll(async () => {
  app = await startTestApp({ TRUST_PROXY: 'true', IP_LIMIT_FACTOR: '1' })
  await importMembers(
    app,
    numbers.map((insuranceNumber) => ({ insuranceNumber })),
  )
})
afterAll(() => app?.close())

const browser = () => createClient(ownAddress())
const newcomer = () => somebody(numbers.pop() ?? '')
const at = (page: Page) => new URL(page.url).pathname
const today = async () => {
  const { now } = (await (await fetch(`${app.issuer}/dev/clock`)).json()) as { now: string }
  return berlinDay(new Date(now))
}
/** `12. März 2027`, as pages write a day. */
const written = (day: string) =>
  new Intl.DateTimeFormat('de-DE', { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' }).format(
    new Date(day),
  )

async function signIn(person: Person, client: Client = browser()): Promise<Page> {
  await begin(client, app)
  return await enterPassword(client, person)
}

/** Through password and mTAN to the page where a new code can be asked for. */
async function toNewLetter(person: Person, from: 'expired' | 'lost'): Promise<Client> {
  const client = browser()
  await begin(client, app)
  let known = (await app.inbox.list('sms', person.mobile)).length
  const page = await enterPassword(client, person)
  if (from === 'lost') {
    expect(at(page)).toMatch(/freischaltcode$/)
    known = (await app.inbox.list('sms', person.mobile)).length
    await client.submit({ action: 'newLetter' }, { action: 'newLetter' })
  }
  await enterMtan(client, app, person.mobile, known)
  expect(at(client.page())).toMatch(/neuer-freischaltcode$/)
  return client
}

const request = (client: Client) => client.post(client.page().url, { _csrf: entered(client.page(), '_csrf') })

describe('a person with the right password', () => {
  it('who has not activated reads until when, and can have the e-mail again three times a day', async () => {
    const person = newcomer()
    await register(browser(), app, person)
    const client = browser()
    const page = await signIn(person, client)
    expect(page.status).toBe(200)
    expect(at(page)).toMatch(/nicht-aktiviert$/)
    expect(words(page)).toContain(written(addDays(await today(), 28)))
    for (let turn = 1; turn <= 3; turn++) {
      const resent = await client.submit({ action: 'resendActivation' }, { action: 'resendActivation' })
      expect(resent.status).toBe(200)
      await app.inbox.next('email', person.email, turn)
    }
    const fourth = await client.post(client.page().url, {
      _csrf: entered(client.page(), '_csrf'),
      action: 'resendActivation',
    })
    expect(fourth.status).toBe(429)
    expect(Number(fourth.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await app.inbox.list('email', person.email)).toHaveLength(4)
    expect((await activate(browser(), app, person)).status).toBe(200)
  })

  it('whose letter is not posted yet reads on which day it will be', async () => {
    // The print desk of development posts at once; here the letter may be printed from tomorrow on.
    await ask(
      app,
      `create function hold() returns trigger language plpgsql as
       $$ begin new.printable_from := new.printable_from + interval '1 day'; return new; end $$`,
    )
    await ask(app, 'create trigger hold before insert on unlock_letters for each row execute function hold()')
    const person = newcomer()
    await awaitLetter(app, person)
    await ask(app, 'drop trigger hold on unlock_letters')
    const page = await signIn(person)
    expect(page.status).toBe(200)
    expect(at(page)).toMatch(/brief-unterwegs$/)
    expect(words(page)).toContain(written(addDays(await today(), 1)))
    await app.advance('P1DT1M')
    expect(at(await signIn(person))).toMatch(/freischaltcode$/)
  })

  it('whose letter is posted reads the same day on page, in letter and in e-mail', async () => {
    const person = newcomer()
    await awaitLetter(app, person)
    const until = addDays(await today(), 30)
    expect(words(await signIn(person))).toContain(written(until))
    expect((await app.inbox.next('email', person.email, 1)).text).toContain(written(until))
    expect((await app.inbox.next('letter', person.insuranceNumber)).text).toContain(until)
  })

  it('who let the code run out asks for a new one after the mTAN', async () => {
    const person = newcomer()
    await awaitLetter(app, person)
    await app.advance('P30D')
    expect(at(await signIn(person))).toMatch(/freischaltcode$/)
    await app.advance('P1D')
    const client = await toNewLetter(person, 'expired')
    const sessions = [...client.cookies.keys()].filter((name) => name.endsWith('_session'))
    expect(sessions).toHaveLength(0)
    const asked = await client.submit({}, { button: 'Neuen Freischaltcode anfordern' })
    expect(asked.status).toBe(200)
    expect(words(asked)).toContain(written(await today()))
    await runJobs(app)
    expect(await app.inbox.list('letter', person.insuranceNumber)).toHaveLength(2)
    const end = await signInFirst(browser(), app, person)
    expect(new URL(end.url).origin).toBe(app.demo)
  })

  it('has four letters in 30 days at most, 24 hours apart', async () => {
    const person = newcomer()
    await awaitLetter(app, person)
    const early = await toNewLetter(person, 'lost')
    const refused = await request(early)
    expect(refused.status).toBe(429)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(23 * 3600)
    for (let letters = 2; letters <= 4; letters++) {
      await app.advance('P1DT1M')
      const client = await toNewLetter(person, 'lost')
      expect((await client.submit({}, { button: 'Neuen Freischaltcode anfordern' })).status).toBe(200)
      await runJobs(app)
      expect(await app.inbox.list('letter', person.insuranceNumber)).toHaveLength(letters)
    }
    await app.advance('P2D')
    const fifth = await request(await toNewLetter(person, 'lost'))
    expect(fifth.status).toBe(429)
    expect(Number(fifth.headers.get('retry-after'))).toBeGreaterThan(20 * 86_400)
    await app.advance('P26D')
    expect((await request(await toNewLetter(person, 'lost'))).status).toBe(200)
  })

  it('lets an older letter work while a newer one is under way; the first used ends the others', async () => {
    const person = newcomer()
    await awaitLetter(app, person)
    const older = (await app.inbox.next('letter', person.insuranceNumber)).code ?? ''
    await app.advance('P2D')
    await (await toNewLetter(person, 'lost')).submit({}, { button: 'Neuen Freischaltcode anfordern' })
    await runJobs(app)
    expect((await app.inbox.next('letter', person.insuranceNumber, 1)).code).not.toBe(older)
    const client = browser()
    await signIn(person, client)
    const known = (await app.inbox.list('sms', person.mobile)).length
    await client.submit({ unlockCode: older })
    await enterMtan(client, app, person.mobile, known)
    const end = await client.submit({ securityQuestion: 'first_pet', securityAnswer: 'Schnurri' })
    expect(new URL(end.url).origin).toBe(app.demo)
    const states = await ask<{ state: string; code_hash: string | null }>(
      app,
      'select l.state, l.code_hash from unlock_letters l join accounts a on a.id = l.account_id where a.username = $1',
      [person.username],
    )
    expect(states).toEqual([
      { state: 'ended', code_hash: null },
      { state: 'ended', code_hash: null },
    ])
    expect(at(await signIn(person))).toMatch(/mtan$/)
  })
})

describe('several registrations of one number', () => {
  it('have codes of their own; the first that becomes active deletes the others', async () => {
    const insuranceNumber = numbers.pop() ?? ''
    const [first, second] = [somebody(insuranceNumber), somebody(insuranceNumber)]
    await awaitLetter(app, first)
    const firstCode = (await app.inbox.next('letter', insuranceNumber)).code ?? ''
    await awaitLetter(app, second)
    await app.advance('P1DT1M')
    const secondCode = (await app.inbox.next('letter', insuranceNumber, 1)).code ?? ''

    const half = browser()
    await signIn(first, half)
    expectRefused(await half.submit({ unlockCode: secondCode }), 'unlockCode')

    const winner = browser()
    await signIn(second, winner)
    const known = (await app.inbox.list('sms', second.mobile)).length
    await winner.submit({ unlockCode: secondCode })
    await enterMtan(winner, app, second.mobile, known)
    const end = await winner.submit({ securityQuestion: 'first_pet', securityAnswer: 'Schnurri' })
    expect(new URL(end.url).origin).toBe(app.demo)

    const late = await half.submit({ unlockCode: firstCode })
    expect(late.status).toBeLessThan(500)
    expect(at(late)).not.toMatch(/\/mtan$/)
    expectWrongCredentials(await signIn(first))
    expect(await ask(app, 'select id from accounts where username = $1', [first.username])).toHaveLength(0)
  })
})

/** Through password and mTAN. */
async function signInWithMtan(person: Person): Promise<Page> {
  const client = browser()
  const known = (await app.inbox.list('sms', person.mobile)).length
  expect(at(await signIn(person, client))).toMatch(/mtan$/)
  return await enterMtan(client, app, person.mobile, known)
}

describe('the register', () => {
  it('suspends an account when a guardian or a death is imported, and takes that back', async () => {
    const person = newcomer()
    await makeActive(app, person)
    const { insuranceNumber } = person
    await importMembers(app, [{ insuranceNumber, guardian: true }])
    const guardian = await signInWithMtan(person)
    expect(at(guardian)).toMatch(/gesperrt$/)
    expect(words(guardian)).toMatch(/Geschäftsstelle/)
    await importMembers(app, [{ insuranceNumber }])
    expect(new URL((await signInAgain(browser(), app, person)).url).origin).toBe(app.demo)
    await importMembers(app, [{ insuranceNumber, deceasedOn: await today() }])
    expect(at(await signInWithMtan(person))).toMatch(/gesperrt$/)
  })

  it('lets the sign-in work for three months after the coverage, then the account is ended', async () => {
    const person = newcomer()
    await makeActive(app, person)
    await importMembers(app, [{ insuranceNumber: person.insuranceNumber, coverageTo: await today() }])
    await app.advance('P80D')
    expect(new URL((await signInAgain(browser(), app, person)).url).origin).toBe(app.demo)
    await app.advance('P15D')
    const page = await signInWithMtan(person)
    expect(page.status).toBe(200)
    expect(at(page)).toMatch(/beendet$/)
    const [account] = await ask(app, 'select state from accounts where username = $1', [person.username])
    expect(account).toEqual({ state: 'ended' })
  })

  it('is told of after the mTAN only: user name and password show one page to all', async () => {
    const mobile = somebody('').mobile
    const standings = {
      active: async () => {},
      guardian: ({ insuranceNumber }: Person) => importMembers(app, [{ insuranceNumber, guardian: true }]),
      deceased: async ({ insuranceNumber }: Person) =>
        importMembers(app, [{ insuranceNumber, deceasedOn: await today() }]),
      ended: ({ insuranceNumber }: Person) => importMembers(app, [{ insuranceNumber, coverageTo: '2020-01-31' }]),
      staff: async ({ username }: Person) => {
        const sql = `update accounts set state = 'suspended', state_before_suspension = 'active',
          suspension_reason = 'staff' where username = $1`
        await ask(app, sql, [username])
      },
    }
    const seen: Record<string, string> = {}
    const ends: Record<string, string> = {}
    for (const [standing, bring] of Object.entries(standings)) {
      const person = newcomer()
      await makeActive(app, person)
      await bring(person)
      await app.advance('PT1H1M')
      const client = browser()
      const known = (await app.inbox.list('sms', person.mobile)).length
      const page = await signIn(person, client)
      const head = `${page.status} ${at(page).replace(/[\w-]{20,}/, '<uid>')}\n${[...page.headers.keys()]}\n`
      seen[standing] = `${head}${neutral(page, person, mobile)}`
      const back = await client.get(page.url)
      expect(neutral(back, person, mobile)).toBe(neutral(page, person, mobile))
      ends[standing] =
        at(await enterMtan(client, app, person.mobile, known))
          .split('/')
          .at(-1) ?? ''
    }
    for (const page of Object.values(seen)) expect(page).toBe(seen.active)
    expect(ends).toEqual({
      active: 'signed-in',
      guardian: 'gesperrt',
      deceased: 'gesperrt',
      ended: 'beendet',
      staff: 'gesperrt',
    })
  })

  it.each([
    ['a guardian', { guardian: true }, 'gesperrt'],
    ['a death', { deceasedOn: '2026-01-31' }, 'gesperrt'],
    ['the end of the insurance', { coverageTo: '2020-01-31' }, 'beendet'],
  ])('is told of after the mTAN of a first sign-in, too: %s', async (_what, change, end) => {
    const person = newcomer()
    await awaitLetter(app, person)
    await importMembers(app, [{ insuranceNumber: person.insuranceNumber, ...change }])
    const client = browser()
    expect(at(await signIn(person, client))).toMatch(/freischaltcode$/)
    const known = (await app.inbox.list('sms', person.mobile)).length
    const { code } = await app.inbox.next('letter', person.insuranceNumber)
    expect(at(await client.submit({ unlockCode: code ?? '' }))).toMatch(/mtan$/)
    expect(at(await enterMtan(client, app, person.mobile, known))).toMatch(new RegExp(`${end}$`))
  })

  it('is told of to nobody whose SMS does not arrive: the page stays, and says where to call', async () => {
    const person = newcomer()
    await makeActive(app, person)
    await importMembers(app, [{ insuranceNumber: person.insuranceNumber, guardian: true }])
    for (let turn = 0; turn < 10; turn++) await signIn(person)
    const page = await signIn(person)
    expect(at(page)).toMatch(/mtan$/)
    expect(words(page)).not.toMatch(/Betreuung|gesperrt/)
    expect(page.body).toMatch(/href="tel:/)
  })

  it('leads back to the start who is suspended at the password and free again at the mTAN', async () => {
    const person = newcomer()
    await makeActive(app, person)
    const { insuranceNumber } = person
    await importMembers(app, [{ insuranceNumber, guardian: true }])
    const client = browser()
    const known = (await app.inbox.list('sms', person.mobile)).length
    await signIn(person, client)
    await importMembers(app, [{ insuranceNumber }])
    expect(new URL((await enterMtan(client, app, person.mobile, known)).url).origin).toBe(app.demo)
  })
})

/** A page without what is one person's own, or the moment's. */
const neutral = (page: Page, person: Person, mobile: string) =>
  page.body
    .replaceAll(`${person.mobile.slice(3, 6)} ••••• ${person.mobile.slice(-2)}`, mobile)
    .replaceAll(/\/anmeldung\/[\w-]{20,}/g, '/anmeldung/<uid>')
    .replaceAll(/name="_csrf" value="[^"]*"/g, '')
    .replaceAll(/\d{1,2}:\d{2}/g, '<time>')
    .replaceAll(/data-countdown="\d+"/g, '')

describe('a registration that is never signed in to', () => {
  it('is reminded ten days before the code ends and deleted 90 days after it', async () => {
    const person = newcomer()
    await awaitLetter(app, person)
    const mails = async () => (await app.inbox.list('email', person.email)).length
    expect(await mails()).toBe(2)
    await app.advance('P19D')
    expect(await mails()).toBe(2)
    await app.advance('P1D')
    expect(await mails()).toBe(3)
    await Promise.all([runJobs(app), runJobs(app)])
    await app.advance('P100D')
    expect(await mails()).toBe(3)
    expect(at(await signIn(person))).toMatch(/mtan$/)
    await app.advance('P1D')
    expectWrongCredentials(await signIn(person))
    expect(await ask(app, 'select id from accounts where username = $1', [person.username])).toHaveLength(0)
  })
})
