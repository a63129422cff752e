import { expect } from 'vitest'
import type { Page } from './client.ts'

/** A refused form as contract.md has it: 422, the field marked, its message beside it and in the summary, no raw text key. */
export function expectRefused(page: Page, ...fields: string[]): void {
  expect(page.status, page.heading).toBe(422)
  for (const field of fields) {
    const message = page.error(field)
    expect(message, `message at ${field}`).toBeTruthy()
    expect(message).not.toMatch(/errors\.|undefined|\[object|\{\{/)
    const input = page.$(`[name="${field}"]`).first()
    // A choice is described by its fieldset.
    const described = `${input.attr('aria-describedby')} ${input.closest('fieldset').attr('aria-describedby')}`
    expect(described, field).toContain(`${field}-error`)
  }
  const marked = page
    .$('[aria-invalid="true"]')
    .toArray()
    .flatMap((each) => page.$(each).attr('name') ?? [])
  expect([...new Set(marked)].sort()).toEqual([...fields].sort())
}

/** Wrong credentials: both fields marked, one text for both (contract.md). */
export function expectWrongCredentials(page: Page): void {
  expect(page.status, page.heading).toBe(422)
  for (const field of ['username', 'password'])
    expect(page.$(`[name="${field}"]`).attr('aria-invalid'), field).toBe('true')
  expect(page.$('#password-error').text()).toMatch(/Benutzername oder Passwort/)
  expect(page.$('#username-error').text().trim()).toBe('')
}

/** What stands in a field of the page. */
export const entered = (page: Page, field: string): string => String(page.$(`[name="${field}"]`).first().val() ?? '')

/** All visible words of the page, in one line. */
export const words = (page: Page): string => page.$('main').text().replace(/\s+/g, ' ').trim()
