import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runJobs, somebody } from '../support/walk.ts'
import { expectFocusOnSummary, look } from './look.ts'
import { claim, enterPassword, expectNoFaults, fillCredentials, heading, press, smsAfter, type } from './steps.ts'
import { openStudio, type Studio, type Visit, withoutChromium } from './studio.ts'

let studio: Studio
let visit: Visit
const erika = somebody('A123456780', { username: 'erika.mustermann' })

describe.skipIf(withoutChromium)('the way of the seed, in Chromium', () => {
  beforeAll(async () => {
    studio = await openStudio()
    visit = await studio.visit()
  })
  afterAll(() => studio?.close())

  it('registers', async () => {
    const { page, app } = visit
    await page.goto(app.issuer)
    await look(page, '01-start')
    await page.goto(`${app.issuer}/registrierung`)
    await look(page, '02-registration')
    await type(page, 'Versichertennummer', 'A123456781')
    await press(page, 'Weiter')
    await expectFocusOnSummary(page, 'insuranceNumber')
    await look(page, '02-registration-refused')
    await fillCredentials(page, erika)
    await press(page, 'Weiter')
    await page.waitForURL(/\/kontakt$/)
    await look(page, '03-contact')
    await type(page, 'E-Mail-Adresse', 'erika@gmial.com')
    await type(page, 'Mobilnummer', '089 1234')
    await press(page, 'Weiter')
    await expectFocusOnSummary(page, 'mobile')
    await look(page, '03-contact-refused')
    await type(page, 'E-Mail-Adresse', erika.email)
    await type(page, 'Mobilnummer', erika.mobile)
    const sms = await smsAfter(app, erika.mobile, async () => {
      await press(page, 'Weiter')
      await page.waitForURL(/\/registrierung\/mtan$/)
    })
    await look(page, '04-registration-mtan')
    await type(page, 'mTAN', sms.code === '000000' ? '000001' : '000000')
    await press(page, 'Weiter')
    await expectFocusOnSummary(page, 'mtan')
    await look(page, '04-registration-mtan-refused')
    await type(page, 'mTAN', sms.code ?? '')
    await press(page, 'Weiter')
    await page.waitForURL(/\/registrierung\/fertig$/)
    await look(page, '05-registered')
  })

  it('is told at the sign-in what is missing, before activation and letter', async () => {
    const { page, app } = visit
    await page.goto(`${app.demo}/login`)
    await look(page, '06-password')
    await enterPassword(page, erika)
    await page.waitForURL((url) => !url.pathname.endsWith('/passwort'))
    await look(page, '06-not-activated')
  })

  it('activates by the link and gets the letter', async () => {
    const { page, app } = visit
    const mail = await app.inbox.next('email', erika.email)
    await page.goto(mail.link ?? '')
    await look(page, '07-activation')
    await press(page, 'Jetzt aktivieren')
    await page.waitForURL(/\/aktivierung$/)
    await look(page, '08-activated')
    await page.goto(mail.link ?? '')
    await look(page, '08-activated-before')
    await page.goto(`${app.issuer}/aktivierung/unbekannt`)
    await look(page, '08-activation-unknown')
    await runJobs(app)
    expect((await app.inbox.next('letter', erika.insuranceNumber)).code).toMatch(/^(\w{4}-){2}\w{4}$/)
  })

  it('signs in for the first time', async () => {
    const { page, app } = visit
    await page.goto(app.demo)
    await look(page, '09-portal')
    await page.locator('main').getByRole('link', { name: 'Anmelden' }).click()
    await enterPassword(page, { username: erika.username, password: 'falsches Passwort' })
    await expectFocusOnSummary(page, 'username')
    await look(page, '10-password-refused')
    await enterPassword(page, erika)
    await page.waitForURL(/\/freischaltcode$/)
    await look(page, '11-unlock-code')
    await type(page, 'Freischaltcode', 'ABCD-EFGH-JKMN')
    await press(page, 'Weiter')
    await expectFocusOnSummary(page, 'unlockCode')
    await look(page, '11-unlock-code-refused')
    const letter = await app.inbox.next('letter', erika.insuranceNumber)
    await type(page, 'Freischaltcode', letter.code?.toLowerCase().replaceAll('-', ' ') ?? '')
    const sms = await smsAfter(app, erika.mobile, async () => {
      await press(page, 'Weiter')
      await page.waitForURL(/\/mtan$/)
    })
    await look(page, '12-mtan')
    // A reload never sends an SMS.
    const known = (await app.inbox.list('sms', erika.mobile)).length
    await page.reload()
    expect(await app.inbox.list('sms', erika.mobile)).toHaveLength(known)
    await type(page, 'mTAN', sms.code ?? '')
    await press(page, 'Weiter')
    await page.waitForURL(/\/sicherheitsfrage$/)
    await look(page, '13-security-question')
    await press(page, 'Weiter')
    await expectFocusOnSummary(page, 'securityQuestion')
    await look(page, '13-security-question-refused')
    await page.getByLabel('Sicherheitsfrage', { exact: true }).selectOption('first_pet')
    await type(page, 'Ihre Antwort', 'Schnurri')
    await press(page, 'Weiter')
    await page.waitForURL(`${app.demo}/signed-in`)
    await look(page, '14-signed-in')
    expect(await claim(page, 'name')).toBe('Erika Mustermann')
    expect(await page.locator('[data-claim="amr"]').textContent()).toContain('letter')
  })

  it('signs out, and in again with password and mTAN', async () => {
    const { page, app } = visit
    // The application knows this very session: nothing is asked, and the page goes on by itself.
    await press(page, 'Abmelden')
    await page.getByText('Sie sind abgemeldet.').waitFor()
    expect(new URL(page.url()).origin).toBe(app.demo)
    await page.goto(`${app.demo}/login`)
    const sms = await smsAfter(app, erika.mobile, async () => {
      await enterPassword(page, erika)
      await page.waitForURL(/\/mtan$/)
    })
    await look(page, '16-later-mtan')
    await type(page, 'mTAN', sms.code ?? '')
    await press(page, 'Weiter')
    await page.waitForURL(`${app.demo}/signed-in`)
    expect(await page.locator('[data-claim="amr"]').textContent()).not.toContain('letter')
    await heading(page, 'Sie sind angemeldet')
  })

  it('asked no other host and broke no policy on the whole way', () => {
    expectNoFaults(visit)
  })
})
