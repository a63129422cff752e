import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createClient } from '../support/client.ts'
import { activate, awaitLetter, register, runJobs, somebody } from '../support/walk.ts'
import { enterPassword, expectNoFaults, fillCredentials, press, smsAfter, type } from './steps.ts'
import { openStudio, type Studio, type Visit, withoutChromium } from './studio.ts'

let studio: Studio

describe.skipIf(withoutChromium)('the whole way by other means', () => {
  beforeAll(async () => {
    studio = await openStudio()
  })
  afterAll(() => studio?.close())

  it('works without JavaScript, from the registration to the later sign-in', async () => {
    const max = somebody('B204581379')
    const visit = await studio.visit({ javaScriptEnabled: false })
    const { page, app } = visit
    await page.goto(`${app.issuer}/registrierung`)
    await press(page, 'Weiter')
    expect(await page.locator('[aria-invalid=true]').count()).toBeGreaterThan(2)
    await fillCredentials(page, max)
    await press(page, 'Weiter')
    await type(page, 'E-Mail-Adresse', max.email)
    await type(page, 'Mobilnummer', max.mobile)
    const registration = await smsAfter(app, max.mobile, () => press(page, 'Weiter'))
    await type(page, 'mTAN', registration.code ?? '')
    await press(page, 'Weiter')
    await page.waitForURL(/\/registrierung\/fertig$/)
    await page.goto((await app.inbox.next('email', max.email)).link ?? '')
    await press(page, 'Jetzt aktivieren')
    await page.waitForURL(/\/aktivierung$/)
    await runJobs(app)
    await page.goto(`${app.demo}/login`)
    await enterPassword(page, max)
    await type(page, 'Freischaltcode', (await app.inbox.next('letter', max.insuranceNumber)).code ?? '')
    const first = await smsAfter(app, max.mobile, () => press(page, 'Weiter'))
    await type(page, 'mTAN', first.code ?? '')
    await press(page, 'Weiter')
    await page.getByLabel('Sicherheitsfrage', { exact: true }).selectOption({ index: 1 })
    await type(page, 'Ihre Antwort', 'Wiesengrund')
    await press(page, 'Weiter')
    await page.waitForURL(`${app.demo}/signed-in`)
    await press(page, 'Abmelden')
    await page.getByText('Sie sind abgemeldet.').waitFor()
    await page.goto(`${app.demo}/login`)
    const later = await smsAfter(app, max.mobile, () => enterPassword(page, max))
    await type(page, 'mTAN', later.code ?? '')
    await press(page, 'Weiter')
    await page.waitForURL(`${app.demo}/signed-in`)
    expectNoFaults(visit)
  })

  it('works with the keyboard only', async () => {
    const person = somebody('H556677889')
    const visit = await studio.visit({ viewport: { width: 1280, height: 900 } })
    const { page, app } = visit
    await page.goto(`${app.issuer}/registrierung`)
    await page.keyboard.press('Tab')
    expect(await focused(page)).toBe('Zum Inhalt')
    await page.keyboard.press('Enter')
    await typeInto(page, 'insuranceNumber', person.insuranceNumber)
    await typeInto(page, 'username', person.username)
    await typeInto(page, 'password', person.password)
    await typeInto(page, 'passwordRepeat', person.password)
    await tabTo(page, '#acceptTerms')
    await page.keyboard.press('Space')
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/kontakt$/)
    await typeInto(page, 'email', person.email)
    await typeInto(page, 'mobile', person.mobile)
    const registration = await smsAfter(app, person.mobile, () => page.keyboard.press('Enter'))
    await page.waitForURL(/\/mtan$/)
    await typeInto(page, 'mtan', registration.code ?? '')
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/fertig$/)
    await page.goto((await app.inbox.next('email', person.email)).link ?? '')
    await tabTo(page, 'main button')
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/aktivierung$/)
    await runJobs(app)
    await signInByKeyboard(visit, person)
    expectNoFaults(visit)
  })

  it('leaves a sign-in and takes it up in another browser from its first step', async () => {
    const person = somebody('K908172635')
    await awaitLetter(studio.app, person)
    const code = (await studio.app.inbox.next('letter', person.insuranceNumber)).code ?? ''
    for (const done of [false, true]) {
      const { page, app } = await studio.visit()
      await page.goto(`${app.demo}/login`)
      await enterPassword(page, person)
      await type(page, 'Freischaltcode', code)
      const sms = await smsAfter(app, person.mobile, () => press(page, 'Weiter'))
      await type(page, 'mTAN', sms.code ?? '')
      await press(page, 'Weiter')
      await page.waitForURL(/\/sicherheitsfrage$/)
      if (!done) continue
      await page.getByLabel('Sicherheitsfrage', { exact: true }).selectOption({ index: 2 })
      await type(page, 'Ihre Antwort', 'Wiesengrund')
      await press(page, 'Weiter')
      await page.waitForURL(`${app.demo}/signed-in`)
    }
  })

  it('tells nobody who is not in the register anything else than the others', async () => {
    const stranger = somebody('A987654328')
    const client = createClient()
    await register(client, studio.app, stranger)
    const page = await activate(client, studio.app, stranger)
    expect(page.heading).not.toBe('')
    await runJobs(studio.app)
    const visit = await studio.visit()
    await visit.page.goto(`${studio.app.demo}/login`)
    await enterPassword(visit.page, stranger)
    await visit.page.waitForURL(/\/freischaltcode$/)
    expectNoFaults(visit)
  })
})

const focused = (page: Page) => page.evaluate('document.activeElement?.textContent?.trim()')

/** Presses Tab until the element has the focus, which must be visible. */
async function tabTo(page: Page, selector: string): Promise<void> {
  for (let turn = 0; turn < 40; turn++) {
    if (await page.evaluate(`document.activeElement?.matches(${JSON.stringify(selector)})`)) {
      const style = await page.evaluate(
        '(({ outlineStyle, outlineWidth, boxShadow }) => [outlineStyle, outlineWidth, boxShadow].join(" "))(getComputedStyle(document.activeElement))',
      )
      expect(style, `focus ring of ${selector}`).not.toBe('none 0px none')
      return
    }
    await page.keyboard.press('Tab')
  }
  throw new Error(`Tab does not reach ${selector} on ${page.url()}`)
}

async function typeInto(page: Page, field: string, text: string): Promise<void> {
  await tabTo(page, `#${field}`)
  await page.keyboard.type(text)
}

async function signInByKeyboard({ page, app }: Visit, person: ReturnType<typeof somebody>): Promise<void> {
  await page.goto(app.demo)
  await tabTo(page, 'main a[href="/login"]')
  await page.keyboard.press('Enter')
  await page.waitForURL(/\/passwort$/)
  await typeInto(page, 'username', person.username)
  await typeInto(page, 'password', person.password)
  await page.keyboard.press('Enter')
  await page.waitForURL(/\/freischaltcode$/)
  await typeInto(page, 'unlockCode', (await app.inbox.next('letter', person.insuranceNumber)).code ?? '')
  const sms = await smsAfter(app, person.mobile, () => page.keyboard.press('Enter'))
  await page.waitForURL(/\/mtan$/)
  await typeInto(page, 'mtan', sms.code ?? '')
  await page.keyboard.press('Enter')
  await page.waitForURL(/\/sicherheitsfrage$/)
  await tabTo(page, '#securityQuestion')
  await page.keyboard.press('ArrowDown')
  await typeInto(page, 'securityAnswer', 'Wiesengrund')
  await page.keyboard.press('Enter')
  await page.waitForURL(`${app.demo}/signed-in`)
}
