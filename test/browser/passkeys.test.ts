import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { demoStaff, nextCode } from '../support/staff.ts'
import { look } from './look.ts'
import { openStudio, type Studio, withoutChromium } from './studio.ts'

/** A device that verifies its person at every use, as phones and laptops do. */
const device = {
  protocol: 'ctap2',
  transport: 'internal',
  hasResidentKey: true,
  hasUserVerification: true,
  isUserVerified: true,
  automaticPresenceSimulation: true,
} as const

describe.skipIf(withoutChromium)('passkeys of staff in a browser', () => {
  let studio: Studio
  beforeAll(async () => {
    studio = await openStudio()
  })
  afterAll(() => studio?.close())

  const open = (page: Page, path: string) => page.goto(`${studio.app.issuer}/admin${path}`)

  it('are set up, sign in, and prove again who it is', async () => {
    const { page, context, faults } = await studio.visit()
    const browser = await context.newCDPSession(page)
    await browser.send('WebAuthn.enable')
    const { authenticatorId } = await browser.send('WebAuthn.addVirtualAuthenticator', { options: device })
    const owner = demoStaff(studio.app).find(({ role }) => role === 'owner')
    await open(page, '/my-sign-in')
    await look(page, 'console-sign-in')
    await page.getByLabel('E-Mail-Adresse').fill(owner?.email ?? '')
    await page.getByLabel('Passwort', { exact: true }).fill(owner?.password ?? '')
    await page.getByLabel('Code aus der App').fill(await nextCode(owner?.totpSecret ?? ''))
    await page.getByRole('button', { name: 'Anmelden', exact: true }).click()
    await page.getByText('Sie haben noch keinen Passkey').waitFor()
    await look(page, 'console-my-sign-in-none')

    await page.getByRole('link', { name: 'Passkey hinzufügen' }).click()
    await look(page, 'console-passkey-new')
    await page.getByLabel('Name des Passkeys').fill('Laptop im Büro')
    await page.getByRole('button', { name: 'Passkey einrichten' }).click()
    await page.getByText('Der Passkey ist eingerichtet').waitFor()
    await look(page, 'console-my-sign-in')
    const { credentials } = await browser.send('WebAuthn.getCredentials', { authenticatorId })
    expect(credentials).toMatchObject([{ rpId: 'localhost', isResidentCredential: true }])

    // The same device is known to have one.
    await open(page, '/my-sign-in/new')
    await page.getByLabel('Name des Passkeys').fill('Noch einmal')
    await page.getByRole('button', { name: 'Passkey einrichten' }).click()
    await page.getByText('Auf diesem Gerät haben Sie schon einen Passkey').waitFor()
    await look(page, 'console-passkey-known')

    await page.getByRole('button', { name: 'Abmelden' }).click()
    await page.getByRole('button', { name: 'Mit Passkey anmelden' }).click()
    await page.getByRole('heading', { name: 'Übersicht' }).waitFor()

    await studio.app.advance('PT6M')
    await open(page, '/my-sign-in/new')
    await look(page, 'console-prove')
    await page.getByRole('button', { name: 'Mit Passkey bestätigen' }).click()
    await page.getByLabel('Name des Passkeys').waitFor()

    await open(page, '/my-sign-in')
    await page.getByRole('link', { name: '„Laptop im Büro“ entfernen' }).click()
    await look(page, 'console-passkey-remove')
    await page.getByRole('button', { name: '„Laptop im Büro“ entfernen' }).click()
    await page.getByText('Der Passkey ist entfernt').waitFor()
    await page.getByRole('button', { name: 'Abmelden' }).click()
    await page.getByRole('button', { name: 'Mit Passkey anmelden' }).click()
    await page.getByText('Dieser Passkey hat nicht gepasst').first().waitFor()
    await look(page, 'console-sign-in-passkey-refused')
    await browser.send('WebAuthn.clearCredentials', { authenticatorId })
    await page.getByRole('button', { name: 'Mit Passkey anmelden' }).click()
    await page.getByText('Es wurde kein Passkey benutzt').waitFor()
    await look(page, 'console-sign-in-passkey-none')
    const sent = await studio.app.inbox.list('email', owner?.email ?? '')
    expect(sent.map(({ subject }) => subject)).toEqual(
      expect.arrayContaining(['Neuer Passkey für die Konsole', 'Ein Passkey für die Konsole wurde entfernt']),
    )
    expect(faults).toEqual([])
  }, 120_000)
})
