import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.ts'
import { type Client, createClient, ownAddress, type Page } from '../../support/client.ts'
import { entered, expectRefused, words } from '../../support/refusal.ts'
import { enterCredentials, somebody } from '../../support/walk.ts'

let app: TestApp
// Each browser has an address of its own, so that the limits per address count as they do in use.
beforeAll(async () => {
  app = await startTestApp({ TRUST_PROXY: 'true', IP_LIMIT_FACTOR: '1' })
})
afterAll(() => app?.close())

const browser = () => createClient(ownAddress())
const at = (page: Page) => new URL(page.url).pathname

/** The first page, filled in rightly but for `changes`. */
async function credentials(client: Client, changes: Record<string, string>): Promise<Page> {
  const { insuranceNumber, username, password } = somebody('A123456780')
  await client.get(`${app.issuer}/registrierung`)
  return await client.submit({
    ...{ insuranceNumber, username, password, passwordRepeat: password, acceptTerms: 'yes' },
    ...changes,
  })
}

describe('the first page of the registration', () => {
  it.each<[string, string, string]>([
    ['insuranceNumber', 'empty', ''],
    ['insuranceNumber', 'too short', 'A12345678'],
    ['insuranceNumber', 'without letter', '1234567890'],
    ['insuranceNumber', 'a letter outside A–Z', 'Ä123456780'],
    ['insuranceNumber', 'wrong check digit', 'A123456781'],
    ['insuranceNumber', 'markup', '<script>alert(1)</script>'],
    ['insuranceNumber', 'a mark of direction', 'A1234\u202E56780X'],
    ['insuranceNumber', 'endless', 'A1'.repeat(5000)],
    ['insurerNumber', 'empty', ''],
    ['insurerNumber', 'another insurer', '999999999'],
    ['identification', 'empty', ''],
    ['identification', 'a way that is not offered', 'branch'],
    ['username', 'empty', ''],
    ['username', 'too short', 'abc'],
    ['username', 'too long', 'a'.repeat(65)],
    ['username', 'a blank inside', 'erika muster'],
    ['username', 'an umlaut', 'erika.müller'],
    ['username', 'a control character', 'erika\u0000muster'],
    ['username', 'a mark of direction', 'erika\u202Emuster'],
    ['username', 'taken', 'lena.huber'],
    ['username', 'taken, in capitals', 'LENA.HUBER'],
    ['password', 'empty', ''],
    ['password', 'too short', 'Kurz-1234'],
    ['password', 'too long', 'Wiesengrund-7-'.repeat(10)],
    ['password', 'common', 'passwort123'],
    ['password', 'with the insurance number', 'xx-A123456780-yy'],
    ['password', 'a control character', 'Wiesengrund\u0007Almhuette'],
    ['passwordRepeat', 'empty', ''],
    ['passwordRepeat', 'another one', 'Wiesengrund-8-Almhuette'],
    ['acceptTerms', 'not accepted', ''],
  ])('refuses %s: %s', async (field, _reason, value) => {
    const changes: Record<string, string> = { [field]: value }
    if (field === 'password') changes.passwordRepeat = value
    const page = await credentials(browser(), changes)
    expectRefused(page, field)
    if (!['password', 'passwordRepeat'].includes(field)) expect(page.body).not.toContain('Wiesengrund-7-Almhuette')
    for (const secret of ['password', 'passwordRepeat'])
      expect(page.$(`[name="${secret}"]`).attr('value') ?? '').toBe('')
    if (field !== 'username') expect(entered(page, 'username')).toMatch(/^mitglied\./)
    if (field !== 'insuranceNumber') expect(entered(page, 'insuranceNumber')).toBe('A123456780')
  })

  it('names every wrong field at once and links each from the summary', async () => {
    const page = await credentials(browser(), { insuranceNumber: '', username: '', password: '', acceptTerms: '' })
    expectRefused(page, 'insuranceNumber', 'username', 'password', 'acceptTerms')
    const links = page
      .$('main a[href^="#"]')
      .toArray()
      .map((each) => page.$(each).attr('href') ?? '')
    for (const field of ['insuranceNumber', 'username', 'password', 'acceptTerms'])
      expect(
        links.some((link) => page.$(link).attr('name') === field || link === `#${field}`),
        field,
      ).toBe(true)
  })

  it('refuses a password that holds the user name', async () => {
    const password = 'xx-Rosenkohl.Esser-yy'
    const page = await credentials(browser(), { username: 'rosenkohl.esser', password, passwordRepeat: password })
    expectRefused(page, 'password')
  })

  it('does not run what was typed', async () => {
    const page = await credentials(browser(), { insuranceNumber: '"><img src=x onerror=alert(1)>' })
    expect(page.$('img[onerror]')).toHaveLength(0)
    expect(entered(page, 'insuranceNumber')).toBe('"><img src=x onerror=alert(1)>')
  })

  it.each([
    ['blanks', 'A123 456 780'],
    ['lower case', 'a123456780'],
    ['the long number of the card', 'A1234567801083104002'],
    ['dashes and outer blanks', ' A-123-456-780 '],
  ])('accepts an insurance number with %s', async (_what, insuranceNumber) => {
    expect(at(await credentials(browser(), { insuranceNumber }))).toBe('/registrierung/kontakt')
  })

  it('says that a user name is taken, ten times an hour for one address', async () => {
    const headers = ownAddress()
    const texts: string[] = []
    for (let turn = 0; turn < 12; turn++) {
      const page = await credentials(createClient(headers), { username: 'lena.huber' })
      expectRefused(page, 'username')
      texts.push(page.error('username') ?? '')
    }
    expect(texts.slice(0, 10).every((text) => text.includes('vergeben'))).toBe(true)
    expect(texts.slice(10).some((text) => text.includes('vergeben'))).toBe(false)
    // Another address may still ask.
    expect((await credentials(browser(), { username: 'lena.huber' })).error('username')).toContain('vergeben')
    await app.advance('PT1H1M')
    expect((await credentials(createClient(headers), { username: 'lena.huber' })).error('username')).toContain(
      'vergeben',
    )
  })

  it('offers the way by post as it is named, and says where the letter goes', async () => {
    const client = browser()
    const page = await client.get(`${app.issuer}/registrierung`)
    expect(page.status).toBe(200)
    const radio = page.$('input[type="radio"][name="identification"]')
    expect(radio.attr('value')).toBe('post')
    expect(radio.attr('checked')).toBeDefined()
    expect(words(page)).toContain('Identifizierung über den Postweg')
    expect(words(page)).toMatch(/Anschrift|Adresse/)
    expect(page.$('[name="insurerNumber"]').first().val()).toBe('108310400')
  })
})

describe('the contact page', () => {
  async function contact(fields: Record<string, string>): Promise<{ client: Client; page: Page }> {
    const client = browser()
    const person = somebody('B204581379')
    await enterCredentials(client, app, person)
    return { client, page: await client.submit({ email: person.email, mobile: person.mobile, ...fields }) }
  }

  it.each<[string, string, string]>([
    ['email', 'empty', ''],
    ['email', 'without @', 'erika.example.org'],
    ['email', 'without domain', 'erika@'],
    ['email', 'two @', 'erika@muster@example.org'],
    ['email', 'a blank inside', 'erika muster@example.org'],
    ['email', 'a control character', 'erika\u0000@example.org'],
    ['email', 'a line break', 'erika@example.org\r\nBcc: alle@example.org'],
    ['email', 'a mark of direction', 'erika\u202E@example.org'],
    ['email', 'too long', `${'e'.repeat(65)}@example.org`],
    ['email', 'a likely typing error', 'erika@gmial.com'],
    ['mobile', 'empty', ''],
    ['mobile', 'letters', 'keine Nummer'],
    ['mobile', 'too short', '0151 12'],
    ['mobile', 'a landline number', '089 12345678'],
    ['mobile', 'a service number', '0800 2767676'],
    ['mobile', 'a country that is not allowed', '+1 202 555 0123'],
    ['mobile', 'endless', `0151${'1'.repeat(5000)}`],
    ['mobile', 'a control character', '0151\u00001234567'],
  ])('refuses %s: %s', async (field, _reason, value) => {
    const { page } = await contact({ [field]: value })
    expectRefused(page, field)
    const other = field === 'email' ? 'mobile' : 'email'
    expect(entered(page, other)).not.toBe('')
    if (!/[\r\n\0]/.test(value)) expect(entered(page, field)).toBe(value)
  })

  it('points out a likely typing error in the address once', async () => {
    const { client, page } = await contact({ email: 'erika@gmial.com' })
    expect(words(page)).toContain('erika@gmail.com')
    const next = await client.submit({ email: 'erika@gmial.com', mobile: somebody('A123456780').mobile })
    expect(at(next)).toBe('/registrierung/mtan')
  })

  it('shows the number back as it was understood', async () => {
    const mobile = somebody('A123456780').mobile
    const { page } = await contact({ mobile: `0${mobile.slice(3, 6)} / ${mobile.slice(6)}` })
    expect(at(page)).toBe('/registrierung/mtan')
    expect(words(page).replace(/[\s\u00A0]/g, '')).toContain(mobile)
    expect(await app.inbox.list('sms', mobile)).toHaveLength(1)
  })

  it('cannot be reached before the first page', async () => {
    for (const step of ['kontakt', 'mtan', 'fertig', 'gibtesnicht']) {
      const page = await browser().get(`${app.issuer}/registrierung/${step}`)
      expect([404, 410], step).toContain(page.status)
      expect(page.heading).not.toBe('')
    }
  })

  it('sends every other address to the current step', async () => {
    const client = browser()
    await enterCredentials(client, app, somebody('A123456780'))
    for (const step of ['', '/mtan', '/fertig'])
      expect(at(await client.get(`${app.issuer}/registrierung${step}`))).toBe('/registrierung/kontakt')
  })
})
