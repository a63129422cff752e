import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestApp, type TestApp } from '../support/app.ts'
import { createClient } from '../support/client.ts'
import { freePort } from '../support/servers/processes.ts'
import { demoStaff, nextCode } from '../support/staff.ts'

/** Status and page of an address, under any Host header. */
const ask = (port: number, path: string, host = `localhost:${port}`) =>
  new Promise<number>((resolve, reject) => {
    const headers = { host, accept: 'text/html' }
    request({ host: '127.0.0.1', port, path, headers }, (answer) => {
      answer.resume()
      resolve(answer.statusCode ?? 0)
    })
      .on('error', reject)
      .end()
  })

describe('a console with a port of its own', () => {
  let app: TestApp
  let port: number
  beforeAll(async () => {
    port = await freePort()
    app = await startTestApp({ ADMIN_PORT: String(port) })
  })
  afterAll(() => app?.close())

  it('is answered there and nowhere else, and nothing else is answered there', async () => {
    expect(await ask(port, '/admin/sign-in')).toBe(200)
    expect(await ask(port, '/assets/admin.css')).toBe(200)
    expect(await ask(port, '/')).toBe(302)
    expect(await ask(port, '/health/live')).toBe(200)
    for (const path of [
      '/anmeldung',
      '/registrierung',
      '/oidc/jwks',
      '/.well-known/openid-configuration',
      '/dev/postbox',
    ])
      expect([path, await ask(port, path)]).toEqual([path, 404])
    for (const path of ['/admin', '/admin/sign-in', '/ADMIN/sign-in', '/admin/', '/admin/api/v1/openapi.json'])
      expect([path, await ask(app.port, path)]).toEqual([path, 404])
    expect(await ask(app.port, '/admin/sign-in', `localhost:${port}`)).toBe(404)
    expect(await ask(app.port, '/')).toBe(200)
  })

  it('takes forms of its own origin, and invites to its own address', async () => {
    const client = createClient({ Origin: `http://localhost:${port}` })
    const { email, password, totpSecret } = demoStaff(app).find(({ role }) => role === 'owner') as ReturnType<
      typeof demoStaff
    >[number]
    await client.get(`http://localhost:${port}/admin/staff`)
    const page = await client.submit({ email, password, totp: await nextCode(totpSecret) })
    expect([page.status, page.heading]).toEqual([200, 'Personen'])
    const foreign = createClient({ Origin: app.issuer })
    await foreign.get(`http://localhost:${port}/admin/sign-in`)
    expect((await foreign.submit({ email, password, totp: '000000' })).status).toBe(403)
  })
})

describe('a console for some networks', () => {
  let app: TestApp
  beforeAll(async () => {
    app = await startTestApp({ ADMIN_NETWORKS: '10.1.0.0/16', TRUST_PROXY: 'true' })
  })
  afterAll(() => app?.close())

  it('is there for who comes from them', async () => {
    const from = async (address: string) =>
      (await fetch(`${app.issuer}/admin/sign-in`, { headers: { 'X-Forwarded-For': address, accept: 'text/html' } }))
        .status
    expect([await from('10.1.2.3'), await from('10.2.2.3'), await from('10.1.2.3, 192.0.2.1')]).toEqual([200, 404, 404])
    expect((await fetch(`${app.issuer}/`, { headers: { 'X-Forwarded-For': '10.2.2.3' } })).status).toBe(200)
  })
})
