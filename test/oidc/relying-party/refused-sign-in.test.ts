import type { ServerResponse } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDemoRelyingParty } from '../../../src/demo/relying-party/index.ts'
import { startBareIssuer, takePlace } from './bare-issuer.ts'
import { openBrowser } from './browser.ts'
import { type Demo, passIssuer, startDemo } from './demo.ts'

let demo: Demo
const refuse = (_request: unknown, response: ServerResponse) => void response.writeHead(502).end()

beforeAll(async () => {
  demo = await startDemo()
})
afterAll(() => demo.close())

describe('a sign-in that does not succeed', () => {
  it('shows the error code of a cancelled sign-in in friendly words', async () => {
    const browser = openBrowser()
    const interaction = await browser.get(`${demo.base}/login`)
    const abort = interaction.$('a[href$="/abort"]').attr('href')!
    const page = await browser.get(new URL(abort, interaction.url).href)
    expect(page.status).toBe(400)
    expect(page.$('h1').text()).toBe('Anmeldung abgebrochen')
    expect(page.$('#error').text()).toBe('access_denied')
  })

  it('answers prompt=none without a session with login_required', async () => {
    const page = await openBrowser().get(`${demo.base}/login?prompt=none`)
    expect(page.$('#error').text()).toBe('login_required')
  })

  it('takes an answer once, in the browser that asked, with the right state and iss', async () => {
    const browser = openBrowser()
    const begin = await browser.stopBefore(`${demo.base}/login?prompt=none`, demo.issuer.issuer)
    const answer = await browser.stopBefore(begin.href, `${demo.base}/callback`)
    const forged = new URL(answer)
    forged.searchParams.set('state', 'x'.repeat(43))
    expect((await browser.get(forged.href)).$('#error').text()).toBe('unknown_state')
    expect((await openBrowser().get(answer.href)).$('#error').text()).toBe('unknown_state')
    expect((await browser.get(answer.href)).$('#error').text()).toBe('login_required')
    expect((await browser.get(answer.href)).$('#error').text()).toBe('unknown_state')
  })

  it('refuses an answer that names another issuer or none', async () => {
    for (const iss of ['https://attacker.example', null]) {
      const browser = openBrowser()
      const begin = await browser.stopBefore(`${demo.base}/login?prompt=none`, demo.issuer.issuer)
      const answer = await browser.stopBefore(begin.href, `${demo.base}/callback`)
      if (iss === null) answer.searchParams.delete('iss')
      else answer.searchParams.set('iss', iss)
      expect((await browser.get(answer.href)).$('#error').text()).toBe('invalid_answer')
    }
  })

  it('does not take an old sign-in for the fresh one that it asked for', async () => {
    const browser = openBrowser()
    const begin = await browser.stopBefore(`${demo.base}/login?max_age=0`, demo.issuer.issuer)
    // Somebody takes the wish out of the address; the ID token then says nothing of a fresh sign-in.
    begin.searchParams.delete('max_age')
    const page = await passIssuer(browser, await browser.get(begin.href))
    expect(page.$('#error').text()).toBe('invalid_answer')
  })

  it('shows what the answer says as text', async () => {
    const browser = openBrowser()
    const begin = await browser.stopBefore(`${demo.base}/login?prompt=none`, demo.issuer.issuer)
    const answer = await browser.stopBefore(begin.href, `${demo.base}/callback`)
    answer.searchParams.set('error', '<img src=x>')
    answer.searchParams.set('error_description', '<script>alert(1)</script>')
    const page = await browser.get(answer.href)
    expect(page.$('#error').text()).toBe('<img src=x>')
    expect(page.$('main img, main script')).toHaveLength(0)
  })

  it('asks for patience while the issuer is away and finds it later', async () => {
    const clients = {
      portal: { clientId: 'demo-portal', clientSecret: 'x' },
      spa: { clientId: 'demo-spa' },
      thirdParty: { clientId: 'demo-third-party', clientSecret: 'x' },
      service: { clientId: 'demo-service', clientSecret: 'x' },
    }
    const place = await takePlace()
    place.server.on('request', refuse)
    const early = await createDemoRelyingParty({ issuer: place.issuer, port: 0, host: '127.0.0.1', clients })
    const base = `http://localhost:${early.port}`
    const away = await openBrowser().get(`${base}/login`)
    expect([away.status, away.headers.get('retry-after')]).toEqual([503, '5'])
    expect(away.$('h1').text()).toBe('Die Anmeldung ist gerade nicht erreichbar')
    place.server.off('request', refuse)
    const registration = { client_id: 'demo-portal', client_secret: 'x', redirect_uris: [`${base}/callback`] }
    const issuer = await startBareIssuer(place, [registration])
    expect((await openBrowser().get(`${base}/login`)).$('input[name=login]')).toHaveLength(1)
    await early.close()
    await issuer.close()
  })
})
