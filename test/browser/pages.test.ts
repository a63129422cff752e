import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { awaitLetter, lena, somebody } from '../support/walk.ts'
import { look } from './look.ts'
import { enterPassword, expectNoFaults, press, smsAfter, type } from './steps.ts'
import { openStudio, type Studio, withoutChromium } from './studio.ts'

let studio: Studio

const information = ['hilfe', 'datenschutz', 'impressum', 'barrierefreiheit', 'nutzungsbedingungen', 'leichte-sprache']
const recovery = ['passwort-vergessen', 'benutzername-vergessen', 'mobilnummer-verloren', 'zugang-verloren']

describe.skipIf(withoutChromium)('the other pages and states, in Chromium', () => {
  beforeAll(async () => {
    studio = await openStudio()
  })
  afterAll(() => studio?.close())

  it.concurrent.each([...information, ...recovery])(
    'shows /%s',
    async (path) => {
      const visit = await studio.visit()
      expect((await visit.page.goto(`${studio.app.issuer}/${path}`))?.status()).toBe(200)
      await look(visit.page, `40-${path}`)
      expectNoFaults(visit)
    },
    60_000,
  )

  it('shows that a page does not exist', async () => {
    const visit = await studio.visit()
    expect((await visit.page.goto(`${studio.app.issuer}/gibt-es-nicht`))?.status()).toBe(404)
    await look(visit.page, '41-not-found')
    await visit.page.goto(`${studio.app.issuer}/oidc/auth?client_id=niemand`)
    await look(visit.page, '42-oidc-error')
    await visit.page.goto(`${studio.app.issuer}/registrierung/mtan`)
    await look(visit.page, '43-registration-gone')
    expectNoFaults(visit)
  })

  it('fits 320 px and keeps its words at 400 % zoom', async () => {
    const visit = await studio.visit({ viewport: { width: 320, height: 256 } })
    for (const path of ['/', '/registrierung', '/hilfe', '/leichte-sprache']) {
      await visit.page.goto(studio.app.issuer + path)
      expect(await visit.page.evaluate('document.documentElement.scrollWidth'), path).toBeLessThanOrEqual(320)
    }
    await visit.page.goto(`${studio.app.demo}/login`)
    expect(await visit.page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(320)
    expectNoFaults(visit)
  })

  it('shows a code that has run out, and the new letter after password and mTAN', async () => {
    const person = somebody('M424242429')
    await awaitLetter(studio.app, person)
    await studio.app.advance('P40D')
    const visit = await studio.visit()
    const { page, app } = visit
    await page.goto(`${app.demo}/login`)
    const sms = await smsAfter(app, person.mobile, async () => {
      await enterPassword(page, person)
      await page.waitForURL(/\/mtan$/)
    })
    await type(page, 'mTAN', sms.code ?? '')
    await press(page, 'Weiter')
    await page.getByRole('button', { name: 'Neuen Freischaltcode anfordern' }).waitFor()
    await look(page, '50-code-expired')
    await press(page, 'Neuen Freischaltcode anfordern')
    await expect.poll(() => page.getByRole('button', { name: 'Neuen Freischaltcode anfordern' }).count()).toBe(0)
    await look(page, '51-new-letter')
    expectNoFaults(visit)
  })

  it('sends a new mTAN when asked after the wait, and not before', async () => {
    const visit = await studio.visit()
    const { page, app } = visit
    await page.goto(`${app.demo}/login`)
    await smsAfter(app, lena.mobile, () => enterPassword(page, lena))
    await page.waitForURL(/\/mtan$/)
    await app.advance('PT31S')
    await smsAfter(app, lena.mobile, () => press(page, 'Neue mTAN anfordern'))
    await look(page, '52-mtan-again')
    await app.advance('PT6M')
    await type(page, 'mTAN', '123456')
    await press(page, 'Weiter')
    await page.locator('#mtan-error').waitFor()
    await look(page, '53-mtan-expired')
    expectNoFaults(visit)
  })
})
