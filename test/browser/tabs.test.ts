import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { lena } from '../support/walk.ts'
import { look } from './look.ts'
import { enterPassword, expectNoFaults, heading, passSignIn, press, signInAtPortal, type } from './steps.ts'
import { openStudio, type Studio, type Visit, withoutChromium } from './studio.ts'

let studio: Studio

/** Delays every request and answer of a tab, in milliseconds. */
async function slow(page: Page, latency: number): Promise<void> {
  const session = await page.context().newCDPSession(page)
  await session.send('Network.enable')
  await session.send('Network.emulateNetworkConditions', {
    offline: false,
    latency,
    downloadThroughput: -1,
    uploadThroughput: -1,
  })
}

type Kind = 'start' | 'help' | 'registration' | 'sign-in'
const kinds: Kind[] = ['start', 'help', 'registration', 'sign-in']

/** Every mixture of two, whatever its order, and one of three: what they may take from each other is kept by browser, or by kind. */
const mixtures: Kind[][] = [
  ...kinds.flatMap((a, i) => kinds.slice(i).map((b) => [a, b])),
  ['start', 'registration', 'sign-in'],
]

function addressOf(kind: Kind): string {
  const { app } = studio
  const paths = { start: '/', help: '/hilfe', registration: '/registrierung', 'sign-in': '' }
  return kind === 'sign-in' ? `${app.demo}/login` : `${app.issuer}${paths[kind]}`
}

let tries = 0

/** Sends the form of the tab with something wrong in it; what is right in it stays. */
async function sendSomethingWrong(page: Page, kind: Kind): Promise<void> {
  if (kind === 'start') await page.goto(addressOf('registration'))
  if (kind === 'help') return await heading(page, /./)
  const name = `niemand.${++tries}`
  await type(page, 'Benutzername', name)
  await page.getByLabel('Passwort', { exact: true }).fill('falsches-Passwort-1')
  const [answer] = await Promise.all([
    page.waitForResponse((response) => response.request().method() === 'POST'),
    press(page, kind === 'sign-in' ? 'Anmelden' : 'Weiter'),
  ])
  expect(answer.status(), `${kind}: ${await page.locator('h1').textContent()}`).toBe(422)
  expect(await page.getByLabel('Benutzername', { exact: true }).inputValue()).toBe(name)
}

describe.skipIf(withoutChromium)('several tabs, in Chromium', () => {
  beforeAll(async () => {
    studio = await openStudio()
  })
  afterAll(() => studio?.close())

  // At the same time, each in a browser of its own: most of it is waiting for the slow line.
  it.concurrent.for(mixtures.map((tabs) => ({ tabs, names: tabs.join(', ') })))(
    'opened at once by a new browser: $names',
    async ({ tabs }) => {
      const visit = await studio.visit()
      const pages = [visit.page, ...(await Promise.all(tabs.slice(1).map(() => visit.context.newPage())))]
      await Promise.all(pages.map((page, index) => slow(page, 120 + index * 40)))
      await Promise.all(pages.map((page, index) => page.goto(addressOf(tabs[index] as Kind))))
      for (const [index, page] of pages.entries()) await sendSomethingWrong(page, tabs[index] as Kind)
      expectNoFaults(visit)
      await visit.context.close()
    },
  )

  it('tells the truth when the session ended, and goes on to the application that asked', async () => {
    const visit = await studio.visit()
    const { page, app, context } = visit
    await signInAtPortal(visit, lena)
    await page.goto(`${app.demo}/login?max_age=0`)
    await page.waitForURL(/\/passwort$/)
    await signOutAtIssuer(visit, await context.newPage())
    await enterPassword(page, lena)
    await heading(page, 'Sie sind inzwischen abgemeldet')
    await look(page, '34-session-ended')
    await page.getByRole('link', { name: 'Neu anmelden' }).click()
    await passSignIn(visit, lena)
    await page.waitForURL(`${app.demo}/signed-in`)
    expectNoFaults(visit)
  })

  it('signs out from each of two, by reload and by the back button', async () => {
    const visit = await studio.visit()
    const { page, app, context } = visit
    await signInAtPortal(visit, lena)
    const other = await context.newPage()
    for (const tab of [page, other]) {
      await tab.goto(`${app.issuer}/oidc/logout`)
      await heading(tab, 'Möchten Sie sich abmelden?')
    }
    await look(page, '15-sign-out')
    await press(page, 'Abmelden')
    await heading(page, 'Sie sind abgemeldet')
    await look(page, '35-signed-out')
    await press(other, 'Abmelden')
    await heading(other, 'Sie sind abgemeldet')
    await other.reload()
    await heading(other, 'Sie sind abgemeldet')
    await other.goBack()
    await other.reload()
    await heading(other, 'Sie sind abgemeldet')
    await press(other, 'Zur Startseite')
    await other.waitForURL(`${app.issuer}/`)
    expectNoFaults(visit)
  })

  it('says what is the matter when cookies were cleared, and only then when they are off', async () => {
    const visit = await studio.visit()
    const { page, app, context } = visit
    await page.goto(`${app.demo}/login`)
    await page.waitForURL(/\/passwort$/)
    await context.clearCookies()
    await enterPassword(page, lena)
    await heading(page, 'Diese Anmeldung ist hier nicht offen')
    await look(page, '36-other-browser')
    await page.getByRole('link', { name: 'Neu anmelden' }).click()
    await page.waitForURL(/\/passwort$/)
    expectNoFaults(visit)
  })
})

async function signOutAtIssuer({ app }: Visit, tab: Page): Promise<void> {
  await tab.goto(`${app.issuer}/oidc/logout`)
  await press(tab, 'Abmelden')
  await heading(tab, 'Sie sind abgemeldet')
  await tab.close()
}
