import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestApp } from '../../support/app.ts'
import { createClient, type Page } from '../../support/client.ts'
import { type Child, startChild, toApp } from '../../support/machine/child.ts'
import { entered } from '../../support/refusal.ts'
import { copyTemplate } from '../../support/stores/database-templates.ts'
import { waitFor } from '../../support/wait.ts'
import {
  activate,
  begin,
  enterCredentials,
  enterPassword,
  register,
  runJobs,
  signInAgain,
  signInFirst,
  somebody,
} from '../../support/walk.ts'

let app: TestApp
let child: Child
let dataDir: string
// A process of its own, with everything in its log, so that what it writes can be read.
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'aok-log-'))
  copyTemplate(dataDir, 'migrated')
  child = startChild({ DATA_DIR: dataDir, LOG_LEVEL: 'trace', IP_LIMIT_FACTOR: '1000' })
  app = toApp(await child.ready, dataDir)
})
afterAll(async () => {
  child?.process.kill('SIGTERM')
  await child?.ended
  await rm(dataDir, { recursive: true, force: true })
})

/** An error page in our design, with a reference number that is also in the log. */
async function expectErrorPage(page: Page, status: number): Promise<void> {
  expect(page.status, page.body.slice(0, 200)).toBe(status)
  expect(page.heading).not.toBe('')
  expect(page.$('body').text()).toContain('0800 2 767676')
  const reference = /[A-Z]\d-\d{4}/.exec(page.$('main').text())?.[0]
  expect(reference).toBeDefined()
  // The line comes by a pipe of its own, sometimes behind the answer.
  await waitFor(() => child.out().includes(`"reference":"${reference}"`))
  expect(page.body).not.toMatch(/\n\s+at |node_modules|Error:/)
}

/** The first page of the registration, with the form filled in. */
async function filledIn() {
  const client = createClient()
  const page = await client.get(`${app.issuer}/registrierung`)
  const { insuranceNumber, username, password } = somebody('A123456780')
  const fields = { insuranceNumber, username, password, passwordRepeat: password, acceptTerms: 'yes' }
  return { client, page, fields, ...client.form(fields) }
}

describe('a request that is refused', () => {
  it('over 64 KiB: 413', async () => {
    const { client, target, body } = await filledIn()
    await expectErrorPage(await client.post(target, `${body}&more=${'x'.repeat(65 * 1024)}`), 413)
    expect((await client.post(target, `${body}&more=${'x'.repeat(60 * 1024)}`)).status).toBe(200)
  })

  it('with a repeated field: 400', async () => {
    const { client, target, body } = await filledIn()
    await expectErrorPage(await client.post(target, `${body}&username=zweiter.name`), 400)
  })

  it('with an unknown field: accepted', async () => {
    const { client, target, body } = await filledIn()
    expect((await client.post(target, `${body}&__proto__=x&constructor=y`)).url).toMatch(/kontakt$/)
  })

  it('without or with a foreign CSRF token: 403', async () => {
    const { client, target, fields } = await filledIn()
    const stranger = await filledIn()
    for (const _csrf of ['', 'made-up', entered(stranger.page, '_csrf')])
      await expectErrorPage(await client.post(target, { ...fields, _csrf }), 403)
    await expectErrorPage(await client.post(target, fields), 403)
  })

  it.each(['null', 'https://boese.example', 'http://localhost', 'http://127.0.0.1:1'])(
    'from the origin %s: 403',
    async (origin) => {
      const { client, target, body } = await filledIn()
      await expectErrorPage(await client.post(target, body, { Origin: origin }), 403)
      expect((await client.post(target, body, { Origin: app.issuer })).status).toBe(200)
    },
  )

  it('for a page that is not there: 404, in JSON for who asks so', async () => {
    for (const path of ['/gibtesnicht', '/konto/gibtesnicht', '/registrierung/kontakt/mehr', '/.env', '/admin.php'])
      await expectErrorPage(await createClient().get(`${app.issuer}${path}`), 404)
    const json = await fetch(`${app.issuer}/gibtesnicht`, { headers: { accept: 'application/json' } })
    expect(json.status).toBe(404)
    expect(await json.json()).toMatchObject({ error: 'not_found' })
  })

  it('with another type of body or method: refused without a fault', async () => {
    const { client, target } = await filledIn()
    for (const type of ['application/json', 'multipart/form-data; boundary=x', 'text/plain', 'nonsense']) {
      const page = await client.send(target, { method: 'POST', body: '{"a":1}', headers: { 'Content-Type': type } })
      expect(page.status, type).toBeGreaterThanOrEqual(400)
      expect(page.status, type).toBeLessThan(500)
    }
    for (const method of ['PUT', 'DELETE', 'PATCH'])
      expect((await client.send(target, { method }, false)).status).toBeLessThan(500)
  })

  it.each([
    '%00',
    '%0a%0d',
    '%E0%A4%A',
    '%ff',
    '..%2f..%2fetc%2fpasswd',
    'a'.repeat(5000),
    '%F0%9F%98%80',
    '?lang=%00',
    '?lang=de&lang=en',
    '?ui_locales=xx-%ff',
    '//boese.example',
    '?brief=9999-99-99',
    '?brief=%3Cscript%3E',
  ])('with the odd address %s: no fault', async (odd) => {
    for (const base of ['/', '/registrierung/', '/aktivierung/', '/aktivierung', '/anmeldung/', '/geraet/', '/hilfe/'])
      for (const method of ['GET', 'HEAD']) {
        const page = await createClient().send(`${app.issuer}${base}${odd}`, { method }, false)
        expect(page.status, `${method} ${base}${odd}`).toBeLessThan(500)
        expect(page.headers.get('location') ?? '').not.toContain('boese')
      }
  })

  it.each([
    ['a null character', '\u0000'],
    ['control characters', '\u0001\u0008\u001b[31m\u007f\u0085'],
    ['marks of direction', '\u202E\u2066\u200F'],
    ['a lone surrogate', '\uD800'],
    ['many combining marks', `a${'\u0301'.repeat(3000)}`],
    ['60,000 characters', 'ü'.repeat(9000)],
    ['markup', '<script>alert(1)</script>"\'`\u0024{7*7}{{7*7}}<%= 7*7 %>'],
    ['SQL', "'; drop table accounts; --"],
  ])('with %s in every field: a page, never a fault', async (_what, odd) => {
    const { client, page, fields } = await filledIn()
    const csrf = entered(page, '_csrf')
    const answers: Page[] = []
    for (const field of [...Object.keys(fields), 'insurerNumber', 'identification', 'action'])
      answers.push(
        await client.post(page.url, {
          ...fields,
          insurerNumber: '108310400',
          identification: 'post',
          [field]: odd,
          _csrf: csrf,
        }),
      )
    const second = createClient()
    const contact = await enterCredentials(second, app, somebody('A123456780'))
    expect(contact.url).toMatch(/kontakt$/)
    for (const field of ['email', 'mobile', 'action', 'emailConfirmed'])
      answers.push(
        await second.post(contact.url, {
          email: 'a',
          mobile: 'b',
          [field]: odd,
          _csrf: entered(contact, '_csrf'),
        }),
      )
    const start = await begin(client, app)
    for (const field of ['username', 'password', 'action'])
      answers.push(await client.post(start.url, { username: 'lena.huber', password: 'x', [field]: odd, _csrf: csrf }))
    for (const answer of answers) {
      expect(answer.status).toBeLessThan(500)
      expect(answer.heading).not.toBe('')
      expect(answer.$('script:not([src])').text()).not.toContain('alert(1)')
      expect(answer.$('main').text()).not.toMatch(/49\{\{|>49</)
    }
  })
})

describe('every answer', () => {
  it('carries the headers of security.md', async () => {
    const client = createClient()
    const pages = [
      await client.get(`${app.issuer}/`),
      await client.get(`${app.issuer}/registrierung`),
      await client.get(`${app.issuer}/gibtesnicht`),
      await begin(client, app),
    ]
    for (const { headers, url } of pages) {
      const policy = headers.get('content-security-policy') ?? ''
      expect(policy, url).toContain("default-src 'none'")
      expect(policy, url).toContain("frame-ancestors 'none'")
      expect(policy, url).toContain("base-uri 'none'")
      expect(policy, url).not.toMatch(/unsafe-inline|unsafe-eval|\*/)
      expect(headers.get('x-content-type-options'), url).toBe('nosniff')
      expect(headers.get('referrer-policy'), url).toBe('same-origin')
      expect(headers.get('cache-control'), url).toContain('no-store')
      // HSTS under https only (RFC 6797, 7.2).
      expect(headers.get('strict-transport-security'), url).toBeNull()
      expect(headers.get('x-powered-by'), url).toBeNull()
    }
    expect(pages[3]?.headers.get('content-security-policy')).toMatch(new RegExp(`form-action 'self'.*${app.demo}`))
    for (const { $ } of pages) {
      expect($('script:not([src])').length + $('[style]').length + $('style').length).toBe(0)
      expect($('[onclick],[onload],[onsubmit],[onerror]')).toHaveLength(0)
      const foreign = $('link[href], script[src], img[src]')
        .toArray()
        .map((each) => $(each).attr('href') ?? $(each).attr('src') ?? '')
      expect(foreign.filter((address) => /^(https?:)?\/\//.test(address))).toEqual([])
    }
  })

  it('sets cookies that scripts and other sites do not get', async () => {
    const response = await fetch(`${app.issuer}/registrierung`)
    const cookies = response.headers.getSetCookie()
    expect(cookies.length).toBeGreaterThan(0)
    for (const cookie of cookies) {
      expect(cookie).toMatch(/httponly/i)
      expect(cookie).toMatch(/samesite=lax/i)
      // Plain http on loopback: no Secure, and so no prefix either.
      expect(cookie).not.toMatch(/;\s*secure|__Host-|__Secure-/i)
    }
  })
})

describe('the log', () => {
  it('holds no secret and nothing personal, with everything in it', async () => {
    const person = somebody('H556677889')
    const client = createClient()
    await register(client, app, person)
    await activate(client, app, person)
    await runJobs(app)
    await begin(client, app)
    await enterPassword(client, { username: person.username, password: 'Ein-falsches-Passwort-9' })
    await signInFirst(client, app, person)
    await signInAgain(createClient(), app, person)
    const items = [
      ...(await app.inbox.list('sms', person.mobile)),
      ...(await app.inbox.list('email', person.email)),
      ...(await app.inbox.list('letter', person.insuranceNumber)),
    ]
    const log = child.out().slice(child.out().indexOf('"ready"'))
    expect(log).toContain('"request"')
    const secrets = [
      ...Object.values(person),
      person.mobile.slice(3),
      'Ein-falsches-Passwort-9',
      'Schnurri',
      'schnurri',
      ...['Sabine', 'Kraus', 'Rosenweg', '1978-06-24'],
      ...items.flatMap(({ code, link }) => [code, link?.split('/').at(-1)]),
      // The day of the letter lies in a cookie, too; days are in every line.
      ...[...client.cookies.values()]
        .map(({ value }) => value.slice(value.indexOf('=') + 1))
        .filter((value) => !/^\d{4}-\d\d-\d\d$/.test(value)),
    ]
    for (const secret of secrets) {
      if (!secret || secret.length < 5) continue
      // Six digits occur in times and ids by chance: an mTAN counts when it stands alone.
      const found = /^\d{6}$/.test(secret) ? new RegExp(`[":\\s]${secret}[",\\s]`).test(log) : log.includes(secret)
      expect(found, `"${secret}" in the log`).toBe(false)
    }
    expect(log).not.toMatch(/eyJ[\w-]{10,}\.|Bearer |client_secret=|code=[\w-]{20}/)
    expect(child.err()).toBe('')
  })
})
