import type { TestApp } from './app.ts'
import { type Client, createClient, ownAddress, type Page } from './client.ts'

/** What a person types into the registration. */
export type Person = {
  insuranceNumber: string
  username: string
  password: string
  email: string
  mobile: string
}

export const demoPassword = 'Wiesengrund-7-Almhuette'
let counter = 0

/** A person with a user name, address and number of her own. */
export function somebody(insuranceNumber: string, changes: Partial<Person> = {}): Person {
  counter++
  const tag = `${process.pid}${counter}`
  return {
    insuranceNumber,
    username: `mitglied.${tag}`,
    password: demoPassword,
    email: `mitglied.${tag}@example.org`,
    mobile: `+4915112${String(300_000 + ((process.pid * 7 + counter) % 600_000))}`,
    ...changes,
  }
}

/** Fills in the first page of the registration. */
export async function enterCredentials(client: Client, app: TestApp, person: Person): Promise<Page> {
  await client.get(`${app.issuer}/registrierung`)
  const { insuranceNumber, username, password } = person
  return await client.submit({ insuranceNumber, username, password, passwordRepeat: password, acceptTerms: 'yes' })
}

/** Registers to the page that announces the activation link. */
export async function register(client: Client, app: TestApp, person: Person): Promise<Page> {
  await enterCredentials(client, app, person)
  const known = (await app.inbox.list('sms', person.mobile)).length
  await client.submit({ email: person.email, mobile: person.mobile })
  const sms = await app.inbox.next('sms', person.mobile, known)
  return await client.submit({ mtan: sms.code ?? '' })
}

/** Opens the newest activation link and presses its button. */
export async function activate(client: Client, app: TestApp, person: Person): Promise<Page> {
  const mail = await app.inbox.next('email', person.email)
  await client.get(mail.link ?? '')
  return await client.submit({}, { button: 'Jetzt aktivieren' })
}

/** Registers and activates in a browser of its own; the letter is posted when this answers. */
export async function awaitLetter(app: TestApp, person: Person): Promise<Client> {
  const client = createClient(ownAddress())
  await register(client, app, person)
  await activate(client, app, person)
  await runJobs(app)
  return client
}

/** Runs what is due now, print run included. */
export async function runJobs(app: TestApp): Promise<void> {
  await fetch(`${app.issuer}/dev/jobs/run`, { method: 'POST' })
}

/** Begins a sign-in at the demo application; answers the password page. */
export async function begin(client: Client, app: TestApp, query = ''): Promise<Page> {
  return await client.get(`${app.demo}/login${query}`)
}

/** The demo application's authorization request with further parameters. */
export async function authorizationUrl(client: Client, app: TestApp, changes: Record<string, string>): Promise<string> {
  const page = await client.peek(`${app.demo}/login`)
  const url = new URL(page.headers.get('location') ?? '')
  for (const [name, value] of Object.entries(changes)) url.searchParams.set(name, value)
  return url.href
}

/** User name and password. */
export async function enterPassword(client: Client, person: Pick<Person, 'username' | 'password'>): Promise<Page> {
  return await client.submit({ username: person.username, password: person.password })
}

/** Reads the newest SMS beyond those known and enters its mTAN. */
export async function enterMtan(client: Client, app: TestApp, mobile: string, known: number): Promise<Page> {
  const sms = await app.inbox.next('sms', mobile, known)
  return await client.submit({ mtan: sms.code ?? '' })
}

/** The first sign-in of the seed, step 4, up to the application. */
export async function signInFirst(client: Client, app: TestApp, person: Person): Promise<Page> {
  await begin(client, app)
  await enterPassword(client, person)
  const letter = await app.inbox.next('letter', person.insuranceNumber)
  const known = (await app.inbox.list('sms', person.mobile)).length
  await client.submit({ unlockCode: letter.code ?? '' })
  await enterMtan(client, app, person.mobile, known)
  return await client.submit({ securityQuestion: 'first_pet', securityAnswer: 'Schnurri' })
}

/** A later sign-in of the seed, step 5, up to the application. */
export async function signInAgain(client: Client, app: TestApp, person: Person, query = ''): Promise<Page> {
  await begin(client, app, query)
  const known = (await app.inbox.list('sms', person.mobile)).length
  await enterPassword(client, person)
  return await enterMtan(client, app, person.mobile, known)
}

/** A member of the register who has signed in once; her browser is known. */
export async function makeActive(app: TestApp, person: Person): Promise<Client> {
  const client = await awaitLetter(app, person)
  const end = await signInFirst(client, app, person)
  if (new URL(end.url).origin !== app.demo) throw new Error(`the first sign-in ended at ${end.url}: ${end.heading}`)
  return client
}

/** Lena Huber of the demo data: active. */
export const lena: Person = {
  insuranceNumber: 'C771029455',
  username: 'lena.huber',
  password: demoPassword,
  email: 'lena.huber@demo.invalid',
  mobile: '+4915112345671',
}
