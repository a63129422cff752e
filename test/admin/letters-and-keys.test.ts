import { afterAll, beforeAll, expect, it } from 'vitest'
import { startTestApp, type TestApp } from '../support/app.ts'
import { signInStaff, submitTo } from '../support/staff.ts'

let app: TestApp
beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app?.close())

it('shows what waits, the runs and the canary letters, and refuses a day that is over', async () => {
  const letters = await signInStaff(app, 'letters')
  const desk = await letters.get(`${app.issuer}/admin/letters`)
  expect([desk.status, desk.heading]).toEqual([200, 'Briefe'])
  const past = await submitTo(letters, '/admin/letters/runs', { postingDay: '2020-01-02' })
  expect([past.status, past.error('postingDay')]).toEqual([422, expect.stringContaining('vorbei')])
  const none = await submitTo(letters, '/admin/letters/runs', { postingDay: '' })
  expect([none.status, none.$('[role=alert]').text()]).toEqual([409, 'Es wartet kein Brief.'])
  const typo = await submitTo(letters, '/admin/letters/canary', { code: 'AAAA' })
  expect(typo.status).toBe(422)
})

it('takes an envelope that came back, once, and is ready for the next', async () => {
  const letters = await signInStaff(app, 'letters')
  await letters.get(`${app.issuer}/admin/letters/returned`)
  const unknown = await submitTo(letters, '/admin/letters/returned', { letter: '0b8c5a3e-90af-4d11-8f00-c0ffee123456' })
  expect([unknown.status, unknown.error('letter')]).toEqual([422, expect.stringContaining('gibt es nicht')])
  expect((await submitTo(letters, '/admin/letters/returned', { letter: 'x<script>' })).status).toBe(422)
  expect(letters.page().body).not.toContain('x<script>')
  const open = await submitTo(letters, '/admin/letters/returned/open')
  expect(open.body).toContain('Es ist nichts zu klären')
})

it('publishes the next signing key, and asks a second person before one is retired', async () => {
  const [owner, before] = [await signInStaff(app, 'owner'), await jwks()]
  await owner.get(`${app.issuer}/admin/keys`)
  await submitTo(owner, '/admin/keys/signing/next')
  expect(owner.page().$('[role=status]').text()).toContain('veröffentlicht')
  const kid = before[0] as string
  const path = `/admin/keys/signing/${kid}/retire`
  expect((await submitTo(owner, path, { reason: '' })).status).toBe(422)
  expect((await submitTo(owner, path, { reason: 'Der Schlüssel lag in einem Protokoll' })).heading).toBe('Freigaben')
  expect(await jwks()).toContain(kid)
  await owner.get(`${app.issuer}/admin/approvals`)
  expect(owner.page().$('form[action$="/approve"]').length).toBe(0)
})

const jwks = async () =>
  ((await (await fetch(`${app.issuer}/oidc/jwks`)).json()) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid)
