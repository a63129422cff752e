import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBrowser } from './browser.ts'
import { claimsOf, type Demo, passIssuer, startDemo } from './demo.ts'

let demo: Demo

beforeAll(async () => {
  demo = await startDemo()
})
afterAll(() => demo.close())

describe('the third-party application', () => {
  it('signs in on its own, with a sub of its own, and out again', async () => {
    const browser = openBrowser()
    const start = await browser.get(`${demo.base}/third-party`)
    expect(start.$('h1').text()).toBe('Gesundheits-App (Demo eines Drittanbieters)')
    const page = await passIssuer(browser, await browser.get(`${demo.base}/third-party/login`))
    expect(page.url.href).toBe(`${demo.base}/third-party`)
    expect(claimsOf(page, 'Userinfo')).toEqual({
      sub: 'pairwise:demo-third-party:lena.huber',
      name: 'Lena Huber',
      given_name: 'Lena',
      email: 'lena@example.org',
      email_verified: 'true',
    })
    expect((await browser.get(`${demo.base}/signed-in`)).url.pathname).toBe('/')
    const confirmation = await browser.post(`${demo.base}/third-party/sign-out`)
    const home = await browser.submit(confirmation, 'form', { logout: 'yes' })
    expect(home.url.pathname).toBe('/third-party')
    expect(home.$('.notice').text()).toBe('Sie sind abgemeldet.')
  })
})

describe('the service', () => {
  it('describes its token and never shows it', async () => {
    const page = await openBrowser().post(`${demo.base}/service`)
    const answer = claimsOf(page, 'Antwort')
    expect(answer).toMatchObject({ token_type: 'bearer', expires_in: expect.stringMatching(/^\d+$/) })
    expect(answer.access_token).toMatch(/^undurchsichtig, 43 Zeichen, beginnt mit [\w-]{4}…$/)
    expect(page.html).not.toMatch(/[\w-]{43}/)
  })
})

describe('the application in the browser', () => {
  it('is a page with a strict policy of its own that names only the issuer', async () => {
    const page = await openBrowser().get(`${demo.base}/spa.html`)
    const policy = page.headers.get('content-security-policy')!
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'")
    expect(policy).toContain(`connect-src 'self' ${demo.issuer.issuer};`)
    expect(policy).not.toContain('unsafe')
    expect(page.$('#app').attr()).toMatchObject({ 'data-issuer': demo.issuer.issuer, 'data-client-id': 'demo-spa' })
    expect(page.$('script:not([src]), [style], [onclick]')).toHaveLength(0)
  })

  it('serves its library and everything else itself', async () => {
    const pages = await Promise.all(
      ['/', '/spa.html', '/third-party', '/service'].map((path) => openBrowser().get(demo.base + path)),
    )
    const addresses = pages.flatMap(({ $ }) => [
      ...$('script, img').map((_, element) => $(element).attr('src')),
      ...$('link').map((_, element) => $(element).attr('href')),
    ])
    expect(new Set(addresses)).toEqual(new Set(['/icon.svg', '/demo.css', '/vendor/oidc-client-ts.js', '/spa.js']))
    for (const address of addresses) {
      const answer = await fetch(demo.base + address)
      expect([address, answer.status]).toEqual([address, 200])
    }
    const library = await (await fetch(`${demo.base}/vendor/oidc-client-ts.js`)).text()
    expect(library).toContain('UserManager')
  })
})

describe('every page', () => {
  it('is German, has one main heading and is not stored', async () => {
    for (const path of ['/', '/spa.html', '/third-party', '/service', '/callback', '/nowhere']) {
      const page = await openBrowser().get(demo.base + path)
      expect([path, page.$('html').attr('lang'), page.$('h1').length]).toEqual([path, 'de', 1])
      expect(page.headers.get('cache-control')).toBe('no-store')
      expect(page.$('title').text()).not.toBe('')
    }
  })

  it('keeps to one host name, because cookies do', async () => {
    const answer = await fetch(`${demo.base.replace('localhost', '127.0.0.1')}/login?prompt=login`, {
      redirect: 'manual',
    })
    expect(answer.headers.get('location')).toBe(`${demo.base}/login?prompt=login`)
  })
})
