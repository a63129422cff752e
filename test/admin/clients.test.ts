import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestApp, type TestApp } from '../support/app.ts'
import type { Client } from '../support/client.ts'
import { sendUnseen, signInStaff, submitTo } from '../support/staff.ts'
import { ask } from '../support/stores/database.ts'
import { waitFor } from '../support/wait.ts'

let app: TestApp
let staff: Client
let owner: Client
beforeAll(async () => {
  app = await startTestApp()
  staff = await signInStaff(app, 'clients')
  owner = await signInStaff(app, 'owner')
})
afterAll(() => app?.close())

const at = (path: string) => `${app.issuer}/admin${path}`
const portal = {
  clientId: 'new-portal',
  name: 'Neues Portal',
  redirectUris: 'https://portal.example/callback',
  contacts: 'team@portal.example',
}
const register = async (kind: string, fields: Record<string, string>) => {
  await staff.get(at(`/new-client/${kind}`))
  return await submitTo(staff, `/admin/new-client/${kind}`, fields)
}
const open = (clientId: string) => staff.get(at(`/clients/${clientId}`))
const tokenOf = (clientId: string, secret: string) =>
  fetch(`${app.issuer}/oidc/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${clientId}:${secret}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: 'none' }),
  })

describe('the room of applications', () => {
  it('registers one by its kind, shows the secret once, and the secret works', async () => {
    await staff.get(at('/new-client'))
    expect(staff.page().$('.console-rooms a')).toHaveLength(4)
    const done = await register('web', portal)
    expect([done.status, done.heading]).toEqual([200, 'Die Anwendung ist registriert'])
    const secret = done.$('.console-facts dd code').eq(2).text()
    expect(secret).toMatch(/^[0-9a-f]{64}$/)
    expect(done.$('pre').text()).toContain(`CLIENT_SECRET=${secret}`)
    // It is no code, but the application has proved who it is.
    expect((await tokenOf('new-portal', secret)).status).toBe(400)
    expect((await tokenOf('new-portal', `${secret}0`)).status).toBe(401)
    expect((await open('new-portal')).body).not.toContain(secret)
  })

  it('hands on no right that the person lacks, by a scope or by a secret', async () => {
    const fields = { clientId: 'log-reader', name: 'Protokoll', 'scope.admin:audit:read': 'on' }
    expect((await register('service', fields)).$('#scopes-error').text()).toContain('mehr als Sie selbst')
    await owner.get(at('/new-client/service'))
    expect((await submitTo(owner, '/admin/new-client/service', fields)).heading).toBe('Die Anwendung ist registriert')
    await open('log-reader')
    const path = '/admin/clients/log-reader'
    expect((await sendUnseen(staff, `${app.issuer}${path}/secrets`, { name: 'x' })).status).toBe(422)
    await staff.get(at('/clients/log-reader/edit'))
    expect((await submitTo(staff, `${path}/edit`, { name: 'Anders' })).$('#scopes-error').text()).toContain(
      'mehr als Sie selbst',
    )
  })

  it.each([
    ['single-page', { clientId: 'new-spa', name: 'Im Browser', redirectUris: 'https://spa.example/' }],
    ['native', { clientId: 'new-app', name: 'App', redirectUris: 'org.example.app:/callback' }],
    ['service', { clientId: 'new-service', name: 'Nachtlauf', 'scope.openid': '' }],
  ])('asks a %s only what it needs', async (kind, fields) => {
    await staff.get(at(`/new-client/${kind}`))
    const { $ } = staff.page()
    expect($('#redirectUris').length).toBe(kind === 'service' ? 0 : 1)
    expect($('#tokenEndpointAuthMethod').length).toBe(kind === 'service' ? 1 : 0)
    const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''))
    expect((await submitTo(staff, `/admin/new-client/${kind}`, given)).heading).toBe('Die Anwendung ist registriert')
  })

  it('refuses what the rules refuse, names the field, and keeps what was typed', async () => {
    const page = await register('web', {
      ...portal,
      clientId: 'a b',
      redirectUris: 'https://ok.example/\nhttp://x.example/*',
    })
    expect(page.status).toBe(422)
    expect(page.error('clientId')).toContain('64 Zeichen')
    expect(page.error('redirectUris')).toContain('http://x.example/*')
    expect(page.$('#redirectUris').text()).toContain('http://x.example/*')
    expect((await register('web', { ...portal, clientId: 'c', contacts: 'team' })).error('contacts')).toContain('team')
    expect((await register('web', portal)).error('clientId')).toContain('vergeben')
  })

  it('finds by name and id, filters, and says what to do when nothing fits', async () => {
    const found = async (query: string) =>
      (await staff.get(at(`/clients?${query}`)))
        .$('tbody code')
        .map((_, each) => staff.page().$(each).text())
        .get()
    expect(await found('q=neues')).toEqual(['new-portal'])
    expect(await found('q=NEW-S&kind=service')).toEqual(['new-service'])
    expect(await found('q=%25')).toEqual([])
    expect(staff.page().$('main').text()).toContain('Dazu passt keine Anwendung')
    expect(staff.page().$('[data-search]').val()).toBe('%')
  })

  it('keeps a draft out until it is activated, and shows what staff are told', async () => {
    const done = await register('web', { ...portal, clientId: 'sketch', draft: 'on', environment: 'test' })
    expect(done.$('.lead').text()).toContain('noch nirgends zugelassen')
    const secret = done.$('.console-facts dd code').eq(2).text()
    expect((await open('sketch')).$('main').text()).toContain('Diese Anwendung ist ein Entwurf')
    expect(await (await tokenOf('sketch', secret)).json()).toMatchObject({ error: 'invalid_client' })
    await staff.get(at('/clients/sketch/edit'))
    expect(staff.page().$('[name=draft]').attr('checked')).toBeDefined()
    const about = { description: 'Nur zum <b>Probieren</b>', owner: 'Team Portal' }
    const minimum = 'urn:meine-aok:acr:password-mtan'
    const fields = { ...about, draft: 'on', environment: 'test', acrMinimum: minimum }
    const saved = await submitTo(staff, '/admin/clients/sketch/edit', fields)
    for (const shown of [...Object.values(about), 'Test', 'Passwort und mTAN'])
      expect(saved.$('.console-facts').first().text()).toContain(shown)
    const found = async (query: string) => (await staff.get(at(`/clients?${query}`))).$('tbody').text()
    expect(await found('state=draft&environment=test')).toContain('sketch')
    expect(await found('state=let-in&q=sketch')).not.toContain('sketch')
    expect(await found('environment=live&q=sketch')).not.toContain('sketch')
    await open('sketch')
    const active = await submitTo(staff, '/admin/clients/sketch/activate', {})
    expect(active.$('.console-done').text()).toContain('aktiv')
    await waitFor(async () => (await tokenOf('sketch', secret)).status === 400, 10)
    await staff.get(at('/clients/sketch/edit'))
    const forged = { acrMinimum: 'phr', environment: 'live; drop', description: 'x'.repeat(301) }
    const refused = await submitTo(staff, '/admin/clients/sketch/edit', forged)
    expect([refused.status, refused.error('description')]).toEqual([422, expect.stringContaining('300')])
    await submitTo(staff, '/admin/clients/sketch/edit', { ...forged, description: '' })
    const row = await ask(app, "select registration from clients where client_id = 'sketch'")
    expect(row).toMatchObject([{ registration: { acrMinimum: minimum, environment: 'test', draft: false } }])
  })

  it('asks for the removal of one of a file only when its entry has vanished', async () => {
    const offered = async () => (await open('of-file')).$('form[action$="/remove"]').length
    const set = (gone: string) =>
      ask(app, `update clients set managed_by = 'clients.yaml', gone_at = ${gone} where client_id = 'of-file'`)
    await register('web', { ...portal, clientId: 'of-file' })
    await set('null')
    expect(await offered()).toBe(0)
    const sent = await sendUnseen(staff, at('/clients/of-file/remove'), { reason: 'Vertrag beendet' })
    expect(sent.status).toBe(422)
    await set('now()')
    expect(await offered()).toBe(1)
    const asked = await submitTo(staff, '/admin/clients/of-file/remove', { reason: 'Vertrag beendet' })
    expect(asked.url).toContain('/admin/approvals')
    expect(await ask(app, "delete from approvals where subject = 'of-file' returning act, subject")).toEqual([
      { act: 'client.remove', subject: 'of-file' },
    ])
  })

  it('changes what the form names and nothing else, whatever is sent', async () => {
    await staff.get(at('/clients/new-portal/edit'))
    const more = {
      name: 'Portal zwei',
      firstParty: 'true',
      managedBy: 'x',
      secretHashes: 'x',
      kind: 'native',
      mayIntrospect: 'true',
    }
    const done = await submitTo(staff, '/admin/clients/new-portal/edit', more)
    expect([done.heading, done.$('.console-done').text()]).toEqual(['Portal zwei', expect.stringContaining('geändert')])
    const facts = done.$('.console-facts').first().text()
    expect(facts).toContain('Web-Anwendung')
    expect(facts).toContain('einem Drittanbieter')
    expect(facts).toContain('Konsole')
  })

  it('refuses a form that is older than the application, and loses nothing', async () => {
    await owner.get(at('/clients/new-portal/edit'))
    await staff.get(at('/clients/new-portal/edit'))
    await submitTo(staff, '/admin/clients/new-portal/edit', { name: 'Von der einen' })
    const late = await submitTo(owner, '/admin/clients/new-portal/edit', { name: 'Von der anderen' })
    expect([late.status, late.$('#name').val()]).toEqual([409, 'Von der anderen'])
    expect((await open('new-portal')).heading).toBe('Von der einen')
    const again = await submitTo(owner, '/admin/clients/new-portal/edit')
    expect(again.heading).toBe('Von der anderen')
  })

  it('makes a second secret, refuses a third, and ends the one that is named', async () => {
    await open('new-portal')
    const made = await submitTo(staff, '/admin/clients/new-portal/secrets', { name: 'Herbst', days: '90' })
    const secret = made.$('.notice code').text()
    expect(secret).toMatch(/^[0-9a-f]{64}$/)
    const third = await submitTo(staff, '/admin/clients/new-portal/secrets', { name: 'Winter', days: 'bald' })
    expect(third.error('days')).toContain('ganze Tage')
    expect((await submitTo(staff, '/admin/clients/new-portal/secrets', { days: '' })).error('name')).toContain('Zwei')
    const action = staff.page().$('form[action$="/revoke"]').last().attr('action') as string
    const ended = await submitTo(staff, action)
    expect(ended.$('form[action$="/revoke"]')).toHaveLength(1)
    expect(ended.body).not.toContain(secret)
  })

  it('suspends with a reason, and lifts', async () => {
    await open('new-portal')
    expect((await submitTo(staff, '/admin/clients/new-portal/suspend')).error('reason')).toContain('Grund')
    const done = await submitTo(staff, '/admin/clients/new-portal/suspend', { reason: 'Secret bekannt geworden' })
    expect(done.$('.notice').text()).toContain('Secret bekannt geworden')
    expect((await submitTo(staff, '/admin/clients/new-portal/lift')).$('main').text()).toContain('zugelassen')
  })

  it('removes by two persons', async () => {
    await open('new-app')
    const asked = await submitTo(staff, '/admin/clients/new-app/remove', { reason: 'Vertrag beendet' })
    expect(asked.heading).toBe('Freigaben')
    expect((await open('new-app')).status).toBe(200)
    await owner.get(at('/approvals'))
    await submitTo(owner, owner.page().$('form[action$="/approve"]').attr('action') as string)
    const gone = await open('new-app')
    expect([gone.status, gone.$('main').text()]).toEqual([404, expect.stringContaining('nicht mehr')])
    expect((await register('native', { ...portal, clientId: 'new-app' })).error('clientId')).toContain('vergeben')
  })

  it('shows what a file manages, and changes nothing of it but its suspension', async () => {
    const page = await open('demo-portal')
    expect(page.$('form[action$="/remove"], form[action$="/secrets"], a[href$="/edit"]')).toHaveLength(0)
    expect((await sendUnseen(staff, at('/clients/demo-portal/edit'), { name: 'X' })).status).toBe(422)
    expect((await sendUnseen(staff, at('/clients/demo-portal/secrets'))).status).toBe(422)
    expect((await sendUnseen(staff, at('/clients/demo-portal/remove'), { reason: 'Ganz egal' })).status).toBe(422)
  })

  it('escapes whatever is typed', async () => {
    const markup = `"><script>alert(1)</script><img src=x onerror=alert(1)>`
    const fields = {
      ...{ name: `A${markup}`, redirectUris: `https://x.example/?a="><script>alert(1)</script>` },
      ...{ postLogoutRedirectUris: `https://x.example/"><img/src=x/onerror=1>`, contacts: 'a@b.example' },
    }
    const refused = await register('web', {
      ...fields,
      clientId: markup,
      jwksUri: markup,
      jwks: markup,
      contacts: markup,
    })
    const kept = await register('web', { ...fields, clientId: 'markup', name: '<b onclick=1>X</b>' })
    const pages = [
      refused,
      kept,
      await open('markup'),
      await staff.get(at('/clients/markup/edit')),
      await staff.get(at(`/clients?q=${encodeURIComponent(markup)}`)),
      await staff.get(at('/clients')),
    ]
    for (const page of pages) {
      expect(page.$('main script, main img, main [onclick], main [onerror]').length).toBe(0)
      expect(page.status).toBeLessThan(500)
    }
    await open('markup')
    const secret = await submitTo(staff, '/admin/clients/markup/suspend', { reason: markup })
    expect(secret.$('main script, main img').length).toBe(0)
  })
})
