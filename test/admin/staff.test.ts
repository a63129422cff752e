import { afterAll, beforeAll, expect, it } from 'vitest'
import { startTestApp, type TestApp } from '../support/app.ts'
import { createClient } from '../support/client.ts'
import { demoStaff, nextCode, signInStaff, submitTo } from '../support/staff.ts'

let app: TestApp
let owner: Awaited<ReturnType<typeof signInStaff>>
beforeAll(async () => {
  app = await startTestApp()
  owner = await signInStaff(app, 'owner')
})
afterAll(() => app?.close())

const idOf = (href: string | undefined) => href?.split('/').at(-1) as string

it('invites somebody, who joins by the link once and signs in', async () => {
  await owner.get(`${app.issuer}/admin/staff`)
  const page = await submitTo(owner, '/admin/staff', { email: 'new.person@demo.invalid', role: 'support' })
  const link = page.$('.notice .secret').text()
  const [mail] = await app.inbox.list('email', 'new.person@demo.invalid')
  expect(mail?.link).toBe(link)
  const client = createClient()
  await client.get(link)
  const totpSecret = client.page().$('input[name=totpSecret]').attr('value') as string
  const form = { password: 'drei-blaue-Zelte-am-See', passwordRepeat: 'drei-blaue-Zelte-am-See' }
  expect((await client.submit({ ...form, totp: '000000' })).status).toBe(422)
  // A refused form keeps the key that the app has read.
  expect(client.page().$('input[name=totpSecret]').attr('value')).toBe(totpSecret)
  expect((await client.submit({ ...form, totp: await nextCode(totpSecret) })).heading).toBe(
    'Der Zugang ist eingerichtet',
  )
  expect((await client.get(link)).status).toBe(410)
  await client.get(`${app.issuer}/admin/sign-in`)
  const signedIn = await client.submit({
    email: 'new.person@demo.invalid',
    password: form.password,
    totp: await nextCode(totpSecret),
  })
  expect(signedIn.$('.console-who').text()).toContain('Telefonberatung')
})

it('lets no one make an owner alone, in two browsers either', async () => {
  await owner.get(`${app.issuer}/admin/staff`)
  const id = idOf(owner.page().$('a:contains("clients@demo.invalid")').attr('href'))
  await owner.get(`${app.issuer}/admin/staff/${id}`)
  const asked = await submitTo(owner, `/admin/staff/${id}/role`, { role: 'owner', reason: 'Vertretung im Sommer' })
  expect(asked.heading).toBe('Freigaben')
  const approve = asked.$('form[action$="/withdraw"]').attr('action')?.replace('withdraw', 'approve') as string
  const other = await signInStaff(app, 'owner')
  await other.get(`${app.issuer}/admin/approvals`)
  const csrf = other.page().$('input[name=_csrf]').first().attr('value') as string
  const answers = await Promise.all(
    [owner, other].map((client) => client.post(approve, { _csrf: csrf }, { Origin: app.issuer })),
  )
  expect(answers.map(({ status }) => status)).toEqual([409, 409])
  await owner.get(`${app.issuer}/admin/staff/${id}`)
  expect(owner.page().$('.console-facts').text()).toContain('Anwendungen')
})

it('ends the sessions of who is deactivated', async () => {
  const auditor = await signInStaff(app, 'auditor')
  await owner.get(`${app.issuer}/admin/staff`)
  const id = idOf(owner.page().$('a:contains("auditor@demo.invalid")').attr('href'))
  await owner.get(`${app.issuer}/admin/staff/${id}`)
  await submitTo(owner, `/admin/staff/${id}/deactivate`, {})
  expect((await auditor.get(`${app.issuer}/admin/staff`)).heading).toBe('Bei der Konsole anmelden')
  const { email, password, totpSecret } = demoStaff(app).find(({ role }) => role === 'auditor') as ReturnType<
    typeof demoStaff
  >[number]
  expect((await auditor.submit({ email, password, totp: await nextCode(totpSecret) })).status).toBe(422)
})

it('asks for the second factor again after five minutes, and loses nothing', async () => {
  await owner.get(`${app.issuer}/admin/staff`)
  await app.advance('PT6M')
  const asked = await submitTo(owner, '/admin/staff', { email: 'later@demo.invalid', role: 'letters' })
  expect([asked.status, asked.heading]).toEqual([403, 'Bitte bestätigen Sie, dass Sie es sind'])
  expect(asked.$('input[name=email]').attr('value')).toBe('later@demo.invalid')
  expect((await owner.submit({ _code: '000000' })).status).toBe(422)
})

it('keeps what was typed when the session has ended, and sends it after the next sign-in', async () => {
  await owner.get(`${app.issuer}/admin/staff`)
  await app.advance('PT16M')
  const asked = await submitTo(owner, '/admin/staff', { email: 'kept@demo.invalid', role: 'letters' })
  expect([asked.status, asked.heading]).toEqual([401, 'Bei der Konsole anmelden'])
  const { email, password, totpSecret } = demoStaff(app).find(({ role }) => role === 'owner') as ReturnType<
    typeof demoStaff
  >[number]
  const again = await owner.submit({ email, password, totp: await nextCode(totpSecret) })
  expect([again.heading, again.$('input[name=email]').attr('value')]).toEqual([
    'Sie sind wieder angemeldet',
    'kept@demo.invalid',
  ])
  const done = await owner.submit({})
  expect(done.$('.console-table').text()).toContain('kept@demo.invalid')
})
