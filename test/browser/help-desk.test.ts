import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { demoStaff, nextCode } from '../support/staff.ts'
import { look } from './look.ts'
import { openStudio, type Studio, withoutChromium } from './studio.ts'

describe.skipIf(withoutChromium)('the help desk in a browser', () => {
  let studio: Studio
  beforeAll(async () => {
    studio = await openStudio()
  })
  afterAll(() => studio?.close())

  async function signIn(page: Page) {
    const login = demoStaff(studio.app).find(({ role }) => role === 'support')
    await page.goto(`${studio.app.issuer}/admin/members`)
    await page.getByLabel('E-Mail-Adresse').fill(login?.email ?? '')
    await page.getByLabel('Passwort', { exact: true }).fill(login?.password ?? '')
    await page.getByLabel('Code aus der App').fill(await nextCode(login?.totpSecret ?? ''))
    await page.getByRole('button', { name: 'Anmelden', exact: true }).click()
  }
  async function search(page: Page, query: string) {
    await page.goto(`${studio.app.issuer}/admin/members`)
    await page.getByLabel('Versichertennummer oder Benutzername').fill(query)
    await page.getByLabel('Grund').fill('ruft an')
    await page.getByRole('button', { name: 'Mitglied suchen' }).click()
  }

  it('helps a caller from the search to the end of the call', async () => {
    const { page, faults } = await studio.visit()
    await signIn(page)
    await look(page, 'console-members-search')
    await search(page, 'C77102945')
    await look(page, 'console-members-nobody')
    await search(page, 'D314159268')
    await look(page, 'console-members-waiting')
    await search(page, 'lena.huber')
    await look(page, 'console-members-one')
    await page.getByLabel('Antwort, so wie Sie sie hören').fill('Ahornweg')
    await page.getByRole('button', { name: 'Antwort prüfen' }).click()
    await look(page, 'console-members-wrong-answer')
    await page.getByLabel('Antwort, so wie Sie sie hören').fill('Wiesengrund')
    await page.getByRole('button', { name: 'Antwort prüfen' }).click()
    await page.getByText('war richtig').waitFor()
    await page.locator('summary', { hasText: 'Was möchten Sie sehen?' }).click()
    await page.getByRole('combobox', { name: 'Was möchten Sie sehen?' }).selectOption('address')
    await page.getByRole('button', { name: 'Anzeigen' }).click()
    await look(page, 'console-members-revealed')
    await page.getByRole('link', { name: 'Konto sperren' }).click()
    await look(page, 'console-members-suspend')
    await page.getByRole('button', { name: 'Konto le••• sperren' }).click()
    await page.getByText('Das Konto ist gesperrt').waitFor()
    await look(page, 'console-members-suspended')
    expect(new URL(page.url()).pathname).toMatch(/^\/admin\/members\/[0-9a-f-]{36}$/)
    await page.goto(`${studio.app.issuer}/admin/members/00000000-0000-4000-8000-000000000001`)
    await look(page, 'console-members-look')
    expect(faults).toEqual([])
  })
})
