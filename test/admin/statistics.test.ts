import { afterAll, beforeAll, expect, it } from 'vitest'
import { navigationFor } from '../../src/admin/navigation.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { signInStaff } from '../support/staff.ts'

let app: TestApp
beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app?.close())

it('shows what the days counted, as plots with a table behind', async () => {
  const auditor = await signInStaff(app, 'auditor')
  expect((await auditor.get(`${app.issuer}/admin/statistics`)).body).toContain('noch nichts gezählt')
  await fetch(`${app.issuer}/dev/jobs/run`, { method: 'POST' })
  const page = await auditor.get(`${app.issuer}/admin/statistics?days=7`)
  expect([page.status, page.$('option[selected]').attr('value'), page.$('svg.plot').length]).toEqual([200, '7', 4])
  // The demo has posted a letter to Josef Bauer.
  expect(page.$('tr:contains("Briefe versandt") td').first().text()).toBe('1')
  expect((await auditor.get(`${app.issuer}/admin/statistics?days=9999999`)).$('option[selected]').attr('value')).toBe(
    '30',
  )
})

it('leads from the navigation to rooms that are there', async () => {
  const owner = await signInStaff(app, 'owner')
  for (const { href } of navigationFor('owner', '/admin'))
    expect([href, (await owner.get(`${app.issuer}${href}`)).status]).toEqual([href, 200])
})
