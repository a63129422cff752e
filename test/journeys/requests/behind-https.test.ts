import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.ts'

let app: TestApp
beforeAll(async () => {
  app = await startTestApp({ ISSUER: 'https://anmeldung.example.test', TRUST_PROXY: 'true', SANDBOX: 'true' })
})
afterAll(() => app?.close())

/** As a proxy asks that ends TLS in front of the application. */
const ask = (path: string) =>
  fetch(`http://127.0.0.1:${app.port}${path}`, {
    redirect: 'manual',
    headers: { 'X-Forwarded-Proto': 'https', 'X-Forwarded-For': '10.0.0.9', Host: 'anmeldung.example.test' },
  })

describe('under https', () => {
  it('every answer asks for HSTS', async () => {
    for (const path of ['/', '/registrierung', '/gibtesnicht'])
      expect((await ask(path)).headers.get('strict-transport-security'), path).toMatch(/max-age=\d{8,}/)
  })

  it('every cookie is Secure and bound to the host by its prefix', async () => {
    const cookies = (await ask('/registrierung')).headers.getSetCookie()
    expect(cookies.length).toBeGreaterThan(0)
    for (const cookie of cookies) {
      expect(cookie).toMatch(/^__Host-/)
      expect(cookie).toMatch(/;\s*secure/i)
      expect(cookie).toMatch(/;\s*path=\/(;|$)/i)
      expect(cookie).toMatch(/;\s*httponly/i)
      expect(cookie).not.toMatch(/;\s*domain=/i)
    }
  })

  it('the discovery document names https addresses only', async () => {
    const document = (await (await ask('/.well-known/openid-configuration')).json()) as Record<string, unknown>
    expect(document.issuer).toBe('https://anmeldung.example.test')
    const addresses = Object.entries(document).filter(([name]) => /_endpoint$|_uri$/.test(name))
    expect(addresses.length).toBeGreaterThan(3)
    for (const [name, address] of addresses)
      expect(String(address), name).toMatch(/^https:\/\/anmeldung\.example\.test\//)
  })
})
