import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createClient } from '../support/client.ts'
import { awaitLetter, lena, type Person, signInFirst, somebody } from '../support/walk.ts'
import { look } from './look.ts'
import { claim, expectNoFaults, heading, passSignIn, press, signInAtPortal } from './steps.ts'
import { openStudio, type Studio, withoutChromium } from './studio.ts'

let studio: Studio
let max: Person

describe.skipIf(withoutChromium)('applications that delegate their sign-in, in Chromium', () => {
  beforeAll(async () => {
    studio = await openStudio()
    max = somebody('B204581379')
    await awaitLetter(studio.app, max)
    await signInFirst(createClient(), studio.app, max)
  })
  afterAll(() => studio?.close())

  it('answers by form_post, lets renew, and asks again for max_age=0', async () => {
    const visit = await studio.visit()
    const { page, app } = visit
    await signInAtPortal(visit, lena, '?response_mode=form_post')
    expect(await claim(page, 'name')).toBe('Lena Huber')
    await press(page, 'Token erneuern')
    await page.getByText('Die Token wurden erneuert.').waitFor()
    await page.getByRole('link', { name: 'Neu anmelden (max_age=0)' }).click()
    await page.waitForURL(/\/passwort$/)
    await look(page, '20-again')
    await passSignIn(visit, lena)
    await page.waitForURL(`${app.demo}/signed-in`)
    expectNoFaults(visit)
  })

  it('switches from one person to another with prompt=login', async () => {
    const visit = await studio.visit()
    const { page } = visit
    await signInAtPortal(visit, lena)
    await signInAtPortal(visit, max, '?prompt=login')
    expect(await claim(page, 'name')).toBe('Max Mustermann')
    expectNoFaults(visit)
  })

  it('answers prompt=none at once: login_required without a session, signed in with one', async () => {
    const visit = await studio.visit()
    const { page, app } = visit
    await page.goto(`${app.demo}/login?prompt=none`)
    expect(await page.locator('#error').textContent()).toBe('login_required')
    await signInAtPortal(visit, lena)
    await page.goto(`${app.demo}/login?prompt=none`)
    expect(page.url()).toBe(`${app.demo}/signed-in`)
    expectNoFaults(visit)
  })

  it('asks for consent once for a third party, remembers it beyond the sign-out, and lets cancel', async () => {
    const visit = await studio.visit()
    const { page, app } = visit
    await page.goto(`${app.demo}/third-party/login`)
    await page.waitForURL(/\/passwort$/)
    await press(page, 'Abbrechen')
    await heading(page, 'Anmeldung abgebrochen')
    expect(await page.locator('#error').textContent()).toBe('access_denied')
    await page.goto(`${app.demo}/third-party/login`)
    await passSignIn(visit, lena)
    await page.waitForURL(/\/einwilligung$/)
    await look(page, '21-consent')
    await press(page, 'Abbrechen')
    expect(await page.locator('#error').textContent()).toBe('access_denied')
    await page.goto(`${app.demo}/third-party/login`)
    await page.waitForURL(/\/einwilligung$/)
    await press(page, 'Zustimmen')
    await page.waitForURL(`${app.demo}/third-party`)
    expect(await claim(page, 'name')).toBe('Lena Huber')
    const sub = await claim(page, 'sub')
    await press(page, 'Abmelden')
    await page.getByText('Sie sind abgemeldet.').waitFor()
    await page.goto(`${app.demo}/third-party/login`)
    await passSignIn(visit, lena)
    await page.waitForURL(`${app.demo}/third-party`)
    expect(await claim(page, 'sub')).toBe(sub)
    expectNoFaults(visit)
  })

  it('signs in and out in the browser application', async () => {
    const visit = await studio.visit()
    const { page, app } = visit
    await page.goto(`${app.demo}/spa.html`)
    await press(page, 'Anmelden')
    await passSignIn(visit, lena)
    await page.waitForURL(`${app.demo}/spa.html`)
    await expect.poll(() => page.locator('#person [data-claim=name]').textContent()).toBe('Lena Huber')
    await press(page, 'Abmelden')
    await page.getByText('Sie sind abgemeldet.').waitFor()
    expectNoFaults(visit)
  })

  it('speaks English when the application asks for it', async () => {
    const visit = await studio.visit()
    await visit.page.goto(`${studio.app.demo}/login?ui_locales=en`)
    await visit.page.waitForURL(/\/passwort$/)
    expect(await visit.page.locator('html').getAttribute('lang')).toBe('en')
    await look(visit.page, '22-password-english')
    expectNoFaults(visit)
  })
})
