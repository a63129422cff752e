import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import type { TestApp } from '../support/app.ts'
import type { Item } from '../support/inbox.ts'
import type { Person } from '../support/walk.ts'
import type { Visit } from './studio.ts'

/** Waits for the page whose main heading reads so. */
export async function heading(page: Page, name: string | RegExp): Promise<void> {
  await page.getByRole('heading', { level: 1, name }).waitFor()
}

/** Presses the button with this label. */
export const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click()

/** Types into the field with this label. */
export const type = (page: Page, label: string, text: string) => page.getByLabel(label, { exact: true }).fill(text)

/** Runs `cause` and answers the SMS that it sent to the number. */
export async function smsAfter(app: TestApp, mobile: string, cause: () => Promise<unknown>): Promise<Item> {
  const known = (await app.inbox.list('sms', mobile)).length
  await cause()
  return await app.inbox.next('sms', mobile, known)
}

/** Fills in the first page of the registration. */
export async function fillCredentials(page: Page, person: Person): Promise<void> {
  await type(page, 'Versichertennummer', person.insuranceNumber)
  await type(page, 'Benutzername', person.username)
  await type(page, 'Passwort', person.password)
  await type(page, 'Passwort wiederholen', person.password)
  await page.getByRole('checkbox').check()
}

/** Fills in the password page and sends it. */
export async function enterPassword(page: Page, person: Pick<Person, 'username' | 'password'>): Promise<void> {
  await page.waitForURL(({ pathname }) => pathname.endsWith('/passwort'))
  await type(page, 'Benutzername', person.username)
  await type(page, 'Passwort', person.password)
  await press(page, 'Anmelden')
}

/** Passes password and mTAN, whatever asked for the sign-in. */
export async function passSignIn({ page, app }: Visit, person: Person): Promise<void> {
  const sms = await smsAfter(app, person.mobile, async () => {
    await enterPassword(page, person)
    await page.waitForURL(/\/mtan$/)
  })
  await type(page, 'mTAN', sms.code ?? '')
  await press(page, 'Weiter')
}

/** Signs in at the demo portal and waits for its page. */
export async function signInAtPortal(visit: Visit, person: Person, query = ''): Promise<void> {
  await visit.page.goto(`${visit.app.demo}/login${query}`)
  await passSignIn(visit, person)
  await visit.page.waitForURL(`${visit.app.demo}/signed-in`)
}

/** What the demo portal shows of a claim. */
export const claim = (page: Page, name: string) => page.locator(`[data-claim="${name}"]`).first().textContent()

/** Nothing was complained of, and nobody else was asked. */
export function expectNoFaults({ faults }: Visit): void {
  expect(faults).toEqual([])
}
