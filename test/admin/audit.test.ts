import { createHash } from 'node:crypto'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startTestApp, type TestApp } from '../support/app.ts'
import type { createClient } from '../support/client.ts'
import { signInStaff, submitTo } from '../support/staff.ts'
import { ask } from '../support/stores/database.ts'

let app: TestApp
let auditor: ReturnType<typeof createClient>
beforeAll(async () => {
  app = await startTestApp()
  auditor = await signInStaff(app, 'auditor')
})
afterAll(() => app?.close())

const open = (query: string) => auditor.get(`${app.issuer}/admin/audit${query}`)
const types = () =>
  auditor
    .page()
    .$('tbody code')
    .toArray()
    .map((each) => auditor.page().$(each).text())

it('shows what happened, with people by their addresses, and finds it by filters in the address', async () => {
  const page = await open('?what=staff_signed_in')
  expect(page.heading).toBe('Protokoll')
  expect(page.$('tbody tr').first().text()).toContain('auditor@')
  expect(new Set(types())).toEqual(new Set(['staff_signed_in']))
  await open('?what=staff&who=cli')
  expect(types()).not.toContain('staff_signed_in')
  expect((await open('?who=nonsense%20x')).status).toBe(422)
  expect(auditor.page().error('who')).toContain('Das können wir nicht lesen.')
  expect(auditor.page().$('#who').attr('aria-invalid')).toBe('true')
})

it('goes to older events and back to newer ones', async () => {
  await ask(app, 'alter table audit_events disable trigger audit_events_count')
  await ask(
    app,
    `insert into audit_events (id, at, type, actor, data, digest) select n, timestamptz '2020-01-01' + (n - 900000) * interval '1 min', 'signed_out', 'member', '{}', 'x' from generate_series(900001, 900120) n`,
  )
  await open('?what=signed_out&until=2020-12-31')
  const first = auditor.page().$('tbody a').first().attr('href')
  expect(auditor.page().$('a[rel=prev]').length).toBe(0)
  await auditor.get(app.issuer + auditor.page().$('a[rel=next]').attr('href'))
  await auditor.get(app.issuer + auditor.page().$('a[rel=next]').attr('href'))
  expect([auditor.page().$('tbody tr').length, auditor.page().$('a[rel=next]').length]).toEqual([20, 0])
  await auditor.get(app.issuer + auditor.page().$('a[rel=prev]').attr('href'))
  await auditor.get(app.issuer + auditor.page().$('a[rel=prev]').attr('href'))
  expect(auditor.page().$('tbody a').first().attr('href')).toBe(first)
})

it('shows one event, whatever stands in it, and says when there is none', async () => {
  await ask(
    app,
    `insert into audit_events (id, at, type, actor, data, digest) values (900500, '2019-01-01', 'client_suspended', 'client:robot', '{"reason":"<script>alert(1)</script>"}', 'x')`,
  )
  const page = await open('/900500')
  expect(page.body).toContain('&lt;script&gt;alert(1)')
  expect(page.body).not.toContain('<script>alert')
  expect(page.$('main').text()).toContain('Dienst, robot')
  for (const id of ['1234567', 'x', '..%2f']) expect([id, (await open(`/${id}`)).status]).toEqual([id, 404])
})

it('says up to where the chain was verified', async () => {
  expect((await open('')).$('main').text()).toContain('noch nicht geprüft')
})

it('exports what the view shows, as an event, with a signature of the bytes', async () => {
  await open('?what=signed_out&until=2020-12-31')
  const file = await submitTo(auditor, '/admin/audit/export', { format: 'jsonl' })
  expect(file.headers.get('content-disposition')).toMatch(/^attachment; filename="audit-\d{4}-\d\d-\d\d\.jsonl"$/)
  expect(file.body.trim().split('\n')).toHaveLength(120)
  await open('?what=audit_exported')
  await auditor.get(app.issuer + auditor.page().$('tbody a').first().attr('href'))
  expect(auditor.page().$('main').text()).toContain('auditor@')
  const jws = await auditor.get(app.issuer + auditor.page().$('a[download]').attr('href'))
  const digest = createHash('sha256').update(file.body).digest('base64url')
  expect(decodeJwt(jws.body.trim())).toMatchObject({ digest, count: 120 })
})
