import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { TOTP } from 'otpauth'
import type { Role } from '../../src/domain/staff/rights.ts'
import type { TestApp } from './app.ts'
import { createClient } from './client.ts'

type Login = { email: string; role: Role; password: string; totpSecret: string }

/** The staff of the demo, as `demo.json` names them. */
export const demoStaff = (app: Pick<TestApp, 'dataDir'>): Login[] =>
  JSON.parse(readFileSync(join(app.dataDir, 'demo.json'), 'utf8')).staff

const period = 30_000
const used = new Map<string, number>()

/**
 * The next code of a secret that was not taken yet. Of three time steps around now each is good once: a fourth sign-in of a role waits for
 * the next one, so tests keep the browsers that they have signed in.
 */
export async function nextCode(secret: string): Promise<string> {
  // The oldest of the three may end on its way to the page.
  const step = Math.max(Math.floor((Date.now() + 8_000) / period) - 1, (used.get(secret) ?? 0) + 1)
  used.set(secret, step)
  await setTimeout(Math.max(0, (step - 1) * period - Date.now()))
  return new TOTP({ secret }).generate({ timestamp: step * period })
}

/** Signs a role of the demo in to the console and gives its browser. */
export async function signInStaff(app: TestApp, role: Role, client = createClient()) {
  const login = demoStaff(app).find((each) => each.role === role)
  if (!login) throw new Error(`nobody is ${role}`)
  await client.get(`${app.issuer}/admin/sign-in`)
  const page = await client.submit({
    email: login.email,
    password: login.password,
    totp: await nextCode(login.totpSecret),
  })
  if (page.status !== 200) throw new Error(`the sign-in of ${role} answered ${page.status}: ${page.heading}`)
  return client
}

type Client = ReturnType<typeof createClient>

/** Sends the form of the current page that goes to `action`, as its button would. */
export async function submitTo(client: Client, action: string, fields: Record<string, string> = {}) {
  const form = client.page().$(`form[action="${action}"]`)
  if (form.length === 0) throw new Error(`no form goes to ${action} on ${client.page().url}`)
  const shown = form.serializeArray().map(({ name, value }) => [name, value])
  return await client.post(
    action,
    { ...Object.fromEntries(shown), ...fields },
    { Origin: new URL(client.page().url).origin },
  )
}

/** Sends a form that no page of the browser shows, with a token that fits. */
export async function sendUnseen(client: Client, address: string, fields: Record<string, string> = {}) {
  const _csrf = client.page().$('input[name=_csrf]').first().attr('value') ?? ''
  return await client.post(address, { ...fields, _csrf }, { Origin: new URL(client.page().url).origin })
}

/** Stands for everything that is asked for; for lists that are made, but not used. */
export const anything: never = new Proxy({}, { get: () => anything }) as never
