import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { consoleRoutes } from '../../src/admin/console.ts'
import { may, type Right, rights, roles } from '../../src/domain/staff/rights.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { createClient } from '../support/client.ts'
import { anything, demoStaff, nextCode, sendUnseen, signInStaff, submitTo } from '../support/staff.ts'

let app: TestApp
beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app?.close())

const login = (role: string) =>
  demoStaff(app).find((each) => each.role === role) as ReturnType<typeof demoStaff>[number]

describe('the rights of the console', () => {
  it('let each role do what the table says, at every route', async () => {
    const routes = consoleRoutes(anything)
    expect(routes.length).toBeGreaterThan(5)
    for (const role of roles) {
      const client = await signInStaff(app, role)
      for (const { method, path, right } of routes) {
        const address = `${app.issuer}/admin${path.replace(/:\w+/g, 'none')}`
        // A page with a token, whatever the route before has answered.
        if (method === 'post') await client.get(`${app.issuer}/admin`)
        const page = method === 'get' ? await client.get(address) : await sendUnseen(client, address)
        expect(page.status).toBeLessThan(500)
        const refused = page.heading === 'Dafür fehlt Ihnen das Recht'
        expect([role, method, path, refused]).toEqual([role, method, path, right !== 'signed-in' && !may(role, right)])
      }
    }
  })

  it('let nobody in who is not signed in', async () => {
    for (const { method, path } of consoleRoutes(anything)) {
      const client = createClient()
      await client.get(`${app.issuer}/admin/sign-in`)
      const address = `${app.issuer}/admin${path.replace(/:\w+/g, 'none')}`
      const page = method === 'get' ? await client.get(address) : await sendUnseen(client, address)
      expect([path, page.heading]).toEqual([path, 'Bei der Konsole anmelden'])
    }
  })

  it('are all of a role', () => {
    for (const right of Object.keys(rights) as Right[]) expect(rights[right].length).toBeGreaterThan(0)
  })
})

describe('the sign-in of staff', () => {
  it('leads to the page that was asked for', async () => {
    const client = createClient()
    await client.get(`${app.issuer}/admin/staff`)
    expect(client.page().heading).toBe('Bei der Konsole anmelden')
    const { email, password, totpSecret } = login('owner')
    const page = await client.submit({ email: email.toUpperCase(), password, totp: await nextCode(totpSecret) })
    expect([page.status, page.heading, new URL(page.url).pathname]).toEqual([200, 'Personen', '/admin/staff'])
  })

  it('says the same of a wrong password, a wrong code and an unknown address', async () => {
    const { email, password, totpSecret } = login('clients')
    const tries = [
      { email, password: 'Wiesengrund-7-Almhuettf', totp: await nextCode(totpSecret) },
      { email, password, totp: '000000' },
      { email: 'nobody@demo.invalid', password, totp: '000000' },
    ]
    const texts = []
    for (const each of tries) {
      const client = createClient()
      await client.get(`${app.issuer}/admin/sign-in`)
      const page = await client.submit(each)
      expect([page.status, page.error('email'), page.error('password')]).toEqual([
        422,
        page.error('totp'),
        page.error('totp'),
      ])
      expect(page.body).not.toContain(each.password)
      texts.push(page.$('main').text().replaceAll(each.email, ''))
    }
    expect(new Set(texts).size).toBe(1)
  })

  it('takes a code once, also when many send it at once', async () => {
    const { email, password, totpSecret } = login('auditor')
    const totp = await nextCode(totpSecret)
    const clients = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const client = createClient()
        await client.get(`${app.issuer}/admin/sign-in`)
        return client
      }),
    )
    const pages = await Promise.all(clients.map((client) => client.submit({ email, password, totp })))
    expect(pages.map(({ status }) => status).sort()).toEqual([200, ...Array(7).fill(422)])
  })

  it('names each empty field, which is no try', async () => {
    const client = createClient()
    await client.get(`${app.issuer}/admin/sign-in`)
    for (let turn = 0; turn < 12; turn++)
      expect((await client.submit({ email: login('owner').email })).status).toBe(422)
    expect(client.page().error('totp')).toContain('Code')
  })

  it('pauses strangers after ten failures, and never the browser that the person uses', async () => {
    const owner = await signInStaff(app, 'letters')
    await submitTo(owner, '/admin/sign-out')
    const { email, password, totpSecret } = login('letters')
    const stranger = createClient()
    await stranger.get(`${app.issuer}/admin/sign-in`)
    const answers = []
    for (let turn = 0; turn < 11; turn++)
      answers.push((await stranger.submit({ email, password: 'guess-guess', totp: '000000' })).status)
    expect(answers).toEqual([...Array(10).fill(422), 429])
    expect(stranger.page().headers.get('retry-after')).toMatch(/^\d+$/)
    await owner.get(`${app.issuer}/admin/sign-in`)
    expect((await owner.submit({ email, password, totp: await nextCode(totpSecret) })).status).toBe(200)
  })

  it('leads nowhere else', async () => {
    for (const back of [
      '//evil.example/admin',
      'https://evil.example/admin',
      '/oidc/auth',
      '/admin\\..\\x',
      'javascript:1',
    ]) {
      const client = createClient()
      await client.get(`${app.issuer}/admin/sign-in?${new URLSearchParams({ back })}`)
      expect(client.page().$('input[name=_back]').attr('value')).toBe('/admin')
    }
  })

  it('ends with the button', async () => {
    const client = await signInStaff(app, 'support')
    const cookie = [...client.cookies.values()].length
    expect(cookie).toBeGreaterThan(0)
    await submitTo(client, '/admin/sign-out')
    expect((await client.get(`${app.issuer}/admin`)).heading).toBe('Bei der Konsole anmelden')
  })
})
