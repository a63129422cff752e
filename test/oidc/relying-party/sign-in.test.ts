import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBrowser } from './browser.ts'
import { claimsOf, type Demo, passIssuer, startDemo } from './demo.ts'

let demo: Demo

beforeAll(async () => {
  demo = await startDemo()
})
afterAll(() => demo.close())

async function signIn(query = '') {
  const browser = openBrowser()
  const page = await passIssuer(browser, await browser.get(`${demo.base}/login${query}`))
  return { browser, page }
}

describe('signing in at the portal', () => {
  it('asks with PKCE S256, state and nonce, and hands on what the visitor wants to try', async () => {
    const query = 'prompt=login&max_age=60&login_hint=lena&ui_locales=en&acr_values=phr&response_mode=form_post&evil=1'
    const request = await openBrowser().stopBefore(`${demo.base}/login?${query}`, demo.issuer.issuer)
    const parameters = Object.fromEntries(request.searchParams)
    expect(parameters).toMatchObject({
      client_id: 'demo-portal',
      redirect_uri: `${demo.base}/callback`,
      response_type: 'code',
      scope: 'openid profile email phone insurance offline_access',
      code_challenge_method: 'S256',
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
      prompt: 'login',
      max_age: '60',
      login_hint: 'lena',
      ui_locales: 'en',
      acr_values: 'phr',
      response_mode: 'form_post',
    })
    expect(parameters).not.toHaveProperty('evil')
  })

  it('shows the claims and when the person signed in', async () => {
    const { page } = await signIn()
    expect(page.url.href).toBe(`${demo.base}/signed-in`)
    expect(page.$('h1').text()).toBe('Sie sind angemeldet')
    expect(claimsOf(page, 'Userinfo')).toMatchObject({
      sub: 'lena.huber',
      name: 'Lena Huber',
      insurance_number: 'C771029455',
    })
    expect(claimsOf(page, 'ID-Token')).toMatchObject({ sub: 'lena.huber', iss: demo.issuer.issuer, aud: 'demo-portal' })
    expect(page.$('#auth-time').text()).toBe('nicht angegeben')
    expect(page.html).not.toMatch(/eyJ[\w-]+\./)
  })

  it('takes the answer as a posted form', async () => {
    const browser = openBrowser()
    const posting = await passIssuer(browser, await browser.get(`${demo.base}/login?response_mode=form_post`))
    expect(posting.url.origin).toBe(demo.issuer.issuer)
    const page = await browser.submit(posting, 'form')
    expect(page.url.href).toBe(`${demo.base}/signed-in`)
  })

  it('signs in again with max_age=0 and says when', async () => {
    const { browser } = await signIn()
    const again = await browser.get(`${demo.base}/login?max_age=0`)
    expect(again.$('input[name=login]')).toHaveLength(1)
    const page = await passIssuer(browser, again)
    expect(page.$('#auth-time').text()).toMatch(/^\d+\. \S+ \d{4}, \d\d:\d\d Uhr$/)
  })

  it('gives the browser a new session at each sign-in, unreadable for scripts', async () => {
    const browser = openBrowser()
    const start = await browser.get(`${demo.base}/login`)
    const before = browser.cookies.get('localhost')?.get('demo_rp')
    await passIssuer(browser, start)
    const after = browser.cookies.get('localhost')?.get('demo_rp')
    expect(before).toMatch(/^[\w-]{43}$/)
    expect(after).toMatch(/^[\w-]{43}$/)
    expect(after).not.toBe(before)
    const [line] = (await fetch(`${demo.base}/login`, { redirect: 'manual' })).headers.getSetCookie()
    expect(line).toMatch(/path=\/; samesite=lax; httponly$/i)
  })
})

describe('using the tokens', () => {
  it('reads userinfo again', async () => {
    const { browser } = await signIn()
    const page = await browser.post(`${demo.base}/userinfo`)
    expect(page.$('.notice').text()).toBe('Die Angaben wurden neu abgerufen.')
  })

  it('renews the tokens, each time with the newest refresh token', async () => {
    const { browser } = await signIn()
    await browser.post(`${demo.base}/refresh`)
    const page = await browser.post(`${demo.base}/refresh`)
    expect(page.$('.notice').text()).toBe('Die Token wurden erneuert.')
    expect(page.$('#renewals').text()).toBe('2-mal')
  })

  it('sends a refresh token only once when the button is pressed twice at the same time', async () => {
    const { browser } = await signIn()
    await Promise.all([browser.post(`${demo.base}/refresh`), browser.post(`${demo.base}/refresh`)])
    expect((await browser.get(`${demo.base}/signed-in`)).$('#renewals').text()).toBe('2-mal')
  })

  it('says so when the issuer has ended the grant', async () => {
    const { browser } = await signIn()
    await demo.issuer.forgetRefreshTokens()
    const page = await browser.post(`${demo.base}/refresh`)
    expect(page.$('.notice').text()).toMatch(/invalid_grant/)
  })

  it('refuses a form that another port sends', async () => {
    const { browser } = await signIn()
    const page = await browser.post(`${demo.base}/refresh`, {}, { origin: demo.issuer.issuer })
    expect(page.status).toBe(403)
    expect((await browser.get(`${demo.base}/signed-in`)).$('#renewals').text()).toBe('0-mal')
  })
})
