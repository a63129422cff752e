import { afterAll, beforeAll, expect, it } from 'vitest'
import { startTestApp, type TestApp } from '../support/app.ts'
import { createClient } from '../support/client.ts'
import { ask } from '../support/database.ts'
import { lena, signInAgain } from '../support/walk.ts'

let app: TestApp
beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app?.close())

it('records in the audit log that a member signed out', async () => {
  const client = createClient()
  await signInAgain(client, app, lena)
  await client.post(`${app.demo}/sign-out`, {}, { origin: app.demo })
  await client.submit({ logout: 'yes' }, { button: 'Abmelden' })
  const rows = () => ask(app, "select account_id, data from audit_events where type = 'signed_out'")
  await expect.poll(async () => (await rows()).length).toBe(1)
  expect(JSON.stringify(await rows())).toContain('demo-portal')
})
