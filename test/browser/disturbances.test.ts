import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { lena } from '../support/walk.ts'
import { look } from './look.ts'
import { enterPassword, expectNoFaults, heading, passSignIn, press, smsAfter, type } from './steps.ts'
import { openStudio, type Studio, withoutChromium } from './studio.ts'

let studio: Studio

describe.skipIf(withoutChromium)('what people do to a sign-in, in Chromium', () => {
  beforeAll(async () => {
    studio = await openStudio()
  })
  afterAll(() => studio?.close())

  it('ends well in one of two tabs and says so in the other', async () => {
    const visit = await studio.visit()
    const { page, app, context } = visit
    await page.goto(`${app.demo}/login`)
    await page.waitForURL(/\/passwort$/)
    const other = await context.newPage()
    await other.goto(page.url())
    await passSignIn(visit, lena)
    await page.waitForURL(`${app.demo}/signed-in`)
    await type(other, 'Benutzername', lena.username)
    await type(other, 'Passwort', lena.password)
    await press(other, 'Anmelden')
    await other.waitForLoadState()
    await look(other, '30-already-done')
    await goOn(other)
    await other.waitForURL(`${app.demo}/**`)
    expectNoFaults(visit)
  })

  it('runs two sign-ins of two tabs side by side', async () => {
    const visit = await studio.visit()
    const { page, app, context } = visit
    await page.goto(`${app.demo}/login`)
    const other = await context.newPage()
    await other.goto(`${app.demo}/login`)
    await passSignIn(visit, lena)
    await page.waitForURL(`${app.demo}/signed-in`)
    await passSignIn({ ...visit, page: other }, lena)
    // The provider answers both; the demo application began a new session with the first answer and says so.
    await other.waitForURL(new RegExp(`^${app.demo}/(signed-in|callback\\?code=)`))
    await other.goto(`${app.demo}/signed-in`)
    await heading(other, 'Sie sind angemeldet')
    expectNoFaults(visit)
  })

  it('leads the back button to the current step, and sends nothing twice', async () => {
    const visit = await studio.visit()
    const { page, app } = visit
    await page.goto(`${app.demo}/login`)
    const sms = await smsAfter(app, lena.mobile, async () => {
      await enterPassword(page, lena)
      await page.waitForURL(/\/mtan$/)
    })
    const known = (await app.inbox.list('sms', lena.mobile)).length
    await page.goBack()
    await page.waitForURL(/\/mtan$/)
    await page.reload()
    expect(await app.inbox.list('sms', lena.mobile)).toHaveLength(known)
    await type(page, 'mTAN', sms.code ?? '')
    await page.getByRole('button', { name: 'Weiter', exact: true }).dblclick()
    await page.waitForURL(`${app.demo}/signed-in`)
    await page.goBack()
    await page.waitForLoadState()
    expect((await page.locator('h1').textContent())?.trim()).not.toBe('')
    expectNoFaults(visit)
  })

  it('explains an expired and a foreign page, with one button that goes on', async () => {
    const visit = await studio.visit()
    const { page, app } = visit
    await page.goto(`${app.demo}/login`)
    await page.waitForURL(/\/passwort$/)
    const address = page.url()
    const foreign = await studio.visit()
    const answer = await foreign.page.goto(address)
    expect(answer?.status()).toBe(400)
    await look(foreign.page, '31-foreign-browser')
    await goOn(foreign.page)
    await foreign.page.waitForURL(/\/passwort$|localhost:\d+\/$/)
    const unknown = await page.goto(`${app.issuer}/anmeldung/aaaaaaaaaaaaaaaaaaaaa/passwort`)
    expect(unknown?.status()).toBe(410)
    await look(page, '32-expired')
    await goOn(page)
    await page.waitForURL(/\/passwort$|localhost:\d+\/$/)
    expectNoFaults(visit)
    expectNoFaults(foreign)
  })

  it('pauses after ten wrong passwords and offers a link', async () => {
    const visit = await studio.visit()
    const { page, app } = visit
    await page.goto(`${app.demo}/login`)
    for (let turn = 0; turn < 11; turn++) {
      await enterPassword(page, { username: 'niemand.hier', password: 'falsches Passwort' })
      await page.waitForLoadState()
    }
    await expect.poll(() => page.locator('h1').textContent()).toMatch(/Pause/)
    await look(page, '33-paused')
    expectNoFaults(visit)
  })
})

/** Presses the one thing on the page that leads on. */
async function goOn(page: Page): Promise<void> {
  await page.locator('main .actions').locator('a, button').first().click()
}
