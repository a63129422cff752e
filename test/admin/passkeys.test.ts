import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestApp, type TestApp } from '../support/app.ts'
import { createAuthenticator } from '../support/authenticator.ts'
import { type Client, createClient } from '../support/client.ts'
import { freePort } from '../support/servers/processes.ts'
import { demoStaff, nextCode, signInStaff, submitTo } from '../support/staff.ts'

let app: TestApp
beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app?.close())

const loginOf = (role: string) =>
  demoStaff(app).find((each) => each.role === role) as ReturnType<typeof demoStaff>[number]

/** What the script of the page does: asks for the options of its form, with the fields of that form. */
async function optionsOf(client: Client): Promise<object> {
  const form = client.page().$('[data-passkey]')
  const fields = form.serializeArray().map(({ name, value }) => [name, value])
  const { url } = client.page()
  const answer = await client.post(String(form.attr('data-options')), Object.fromEntries(fields), {
    Origin: new URL(url).origin,
  })
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/json; charset=utf-8'])
  // The page of the browser stays where it was.
  await client.get(url)
  return JSON.parse(answer.body)
}

/** Sets a passkey up for who is signed in. */
async function addPasskey(client: Client, device: ReturnType<typeof createAuthenticator>, name = 'Laptop') {
  await client.get(`${app.issuer}/admin/my-sign-in/new`)
  client.page().$('input[name=name]').attr('value', name)
  const posted = device.create(await optionsOf(client))
  return await submitTo(client, '/admin/my-sign-in/new', { name, passkey: posted })
}

const sendPasskey = (client: Client, passkey: string) => client.submit({ passkey }, { button: 'Mit Passkey anmelden' })

describe('a passkey at the console', () => {
  it('signs in, only in the browser that was asked, and keeps what was typed', async () => {
    const device = createAuthenticator(app.issuer)
    const first = await signInStaff(app, 'owner')
    const added = await addPasskey(first, device)
    expect([added.heading, added.$('.console-done').text()]).toEqual([
      'Meine Zugänge',
      expect.stringContaining('einger'),
    ])
    const [asked, other] = [createClient(), createClient()]
    for (const client of [asked, other]) await client.get(`${app.issuer}/admin/staff`)
    await optionsOf(other)
    const stolen = device.prove(await optionsOf(asked))
    const refused = await sendPasskey(other, stolen)
    expect([refused.status, refused.$('#passkey-error').text()]).toEqual([
      422,
      expect.stringContaining('nicht gepasst'),
    ])
    // Nobody has used it up by sending it from elsewhere.
    const page = await sendPasskey(asked, stolen)
    expect([page.status, page.heading]).toEqual([200, 'Personen'])
    expect((await sendPasskey(await opened(), stolen)).status).toBe(422)
    await app.advance('PT16M')
    const ended = await submitTo(asked, '/admin/staff', { email: 'kept@demo.invalid', role: 'letters' })
    expect([ended.status, ended.heading]).toEqual([401, 'Bei der Konsole anmelden'])
    const again = await sendPasskeyHere(asked, device)
    expect([again.heading, again.$('input[name=email]').attr('value')]).toEqual([
      'Sie sind wieder angemeldet',
      'kept@demo.invalid',
    ])
  })

  const opened = async () => {
    const client = createClient()
    await client.get(`${app.issuer}/admin/sign-in`)
    return client
  }
  /** As the script of the current page, which stays. */
  async function sendPasskeyHere(client: Client, device: ReturnType<typeof createAuthenticator>) {
    const { $, url } = client.page()
    const form = $('[data-passkey]')
    const fields = Object.fromEntries(form.serializeArray().map(({ name, value }) => [name, value]))
    const origin = { Origin: new URL(url).origin }
    const options = JSON.parse((await client.post(String(form.attr('data-options')), fields, origin)).body)
    const [field, action] = [form.find('[data-passkey-answer]').attr('name') as string, String(form.attr('action'))]
    return await client.post(action, { ...fields, [field]: device.prove(options) }, origin)
  }

  it('confirms what has consequences, and loses nothing', async () => {
    const device = createAuthenticator(app.issuer)
    const client = await signInStaff(app, 'clients')
    await addPasskey(client, device)
    await app.advance('PT6M')
    const asked = await client.get(`${app.issuer}/admin/my-sign-in/new`)
    expect([asked.status, asked.heading]).toEqual([403, 'Bitte bestätigen Sie, dass Sie es sind'])
    const wrong = await client.submit(
      { _passkey: createAuthenticator(app.issuer).prove({}) },
      { button: 'Mit Passkey bestätigen' },
    )
    expect([wrong.status, wrong.$('#_passkey-error').text()]).toEqual([422, expect.stringContaining('nicht gepasst')])
    expect((await sendPasskeyHere(client, device)).heading).toBe('Passkey hinzufügen')
  })

  it('is offered for a proof to nobody who has none', async () => {
    const client = await signInStaff(app, 'letters')
    await app.advance('PT6M')
    const asked = await client.get(`${app.issuer}/admin/my-sign-in/new`)
    expect([asked.heading, asked.$('[data-passkey]').length]).toEqual(['Bitte bestätigen Sie, dass Sie es sind', 0])
  })

  it('has a name, and is removed by its person alone', async () => {
    const device = createAuthenticator(app.issuer)
    const client = await signInStaff(app, 'support')
    const nameless = await addPasskeyWithout(client)
    expect([nameless.status, nameless.error('name')]).toEqual([422, expect.stringContaining('Namen')])
    const xss = '"><script>alert(1)</script>'
    const list = await addPasskey(client, device, xss)
    expect(list.$('.console-card h2').last().text()).toBe(xss)
    const address = String(list.$('.console-card a').attr('href'))
    const other = await signInStaff(app, 'auditor')
    expect((await other.get(`${app.issuer}${address}`)).status).toBe(404)
    expect((await client.get(`${app.issuer}${address}`)).heading).toContain(xss)
    const left = await submitTo(client, address)
    expect([left.heading, left.$('.console-card').length]).toEqual(['Meine Zugänge', 1])
    const mails = (await app.inbox.list('email', loginOf('support').email)).map(({ subject }) => subject)
    expect(mails.slice(0, 2)).toEqual(['Ein Passkey für die Konsole wurde entfernt', 'Neuer Passkey für die Konsole'])
  })

  /** A browser whose script got no options sends the form as it is. */
  async function addPasskeyWithout(client: Client) {
    await client.get(`${app.issuer}/admin/my-sign-in/new`)
    return await submitTo(client, '/admin/my-sign-in/new', { name: '' })
  }

  it('is asked for with what the page allows: no script of its own, none of another host', async () => {
    const page = (await opened()).page()
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self';")
    expect(page.$('script:not([src])').length).toBe(0)
    for (const script of page.$('script').toArray()) {
      const answer = await fetch(new URL(String(page.$(script).attr('src')), app.issuer))
      expect([answer.status, answer.headers.get('content-type')]).toEqual([200, expect.stringContaining('javascript')])
    }
    expect((await fetch(`${app.issuer}/assets/constructor`)).status).toBe(404)
  })
})

describe('a console with a port of its own', () => {
  let apart: TestApp
  let port: number
  beforeAll(async () => {
    port = await freePort()
    apart = await startTestApp({ ADMIN_PORT: String(port), IP_LIMIT_FACTOR: '1' })
  })
  afterAll(() => apart?.close())

  it('has passkeys of its own origin', async () => {
    const origin = `http://localhost:${port}`
    const login = demoStaff(apart).find(({ role }) => role === 'owner') as ReturnType<typeof demoStaff>[number]
    const client = createClient({ Origin: origin })
    await client.get(`${origin}/admin/my-sign-in/new`)
    await client.submit({ email: login.email, password: login.password, totp: await nextCode(login.totpSecret) })
    const add = async (device: ReturnType<typeof createAuthenticator>) => {
      await client.get(`${origin}/admin/my-sign-in/new`)
      const form = client.page().$('input[name=_csrf]').first().attr('value') as string
      const fields = { _csrf: form, name: 'Laptop' }
      const options = JSON.parse((await client.post('/admin/my-sign-in/options', fields)).body)
      expect(options.rp.id).toBe('localhost')
      return await client.post('/admin/my-sign-in/new', { ...fields, passkey: device.create(options) })
    }
    expect((await add(createAuthenticator(apart.issuer))).status).toBe(422)
    expect((await add(createAuthenticator(origin))).status).toBe(200)
  })

  it('gives one address thirty challenges a minute, and says when there are more', async () => {
    const origin = `http://localhost:${port}`
    const client = createClient({ Origin: origin })
    await client.get(`${origin}/admin/sign-in`)
    const _csrf = client.page().$('input[name=_csrf]').first().attr('value') as string
    const ask = () => client.post('/admin/sign-in/options', { _csrf })
    let answer = await ask()
    for (let turn = 0; answer.status === 200 && turn < 31; turn++) answer = await ask()
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, expect.stringMatching(/^\d+$/)])
    // The script sends its form as it is, and the page says the same.
    const page = await client.post('/admin/sign-in', { _csrf, passkey: '' })
    expect([page.status, page.heading]).toEqual([429, 'Bei der Konsole anmelden'])
  })
})
