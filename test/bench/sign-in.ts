import { createHash, randomBytes } from 'node:crypto'
import type { Answer, HttpClient } from './http-client.ts'
import type { Member } from './members.ts'
import type { SmsSink } from './sms-gateway.ts'

/** The application that delegates its sign-in in the benchmark. */
export type Application = { issuer: string; clientId: string; clientSecret: string; redirectUri: string }

const form = 'application/x-www-form-urlencoded'
const verifier = randomBytes(32).toString('base64url')
const challenge = createHash('sha256').update(verifier).digest('base64url')

/**
 * Makes the run of one later sign-in (seed, step 5) as browser and application do it: authorization request, password, mTAN,
 * code, token. Every run is a new browser. Throws when any answer is not the one that leads on.
 */
export function createSignIn(http: HttpClient, sms: SmsSink, application: Application) {
  const { issuer, clientId, clientSecret, redirectUri } = application
  const scope = 'openid profile email phone insurance'
  const request = {
    client_id: clientId,
    response_type: 'code',
    redirect_uri: redirectUri,
    scope,
    code_challenge: challenge,
  }
  const basic = Buffer.from(`${clientId}:${encodeURIComponent(clientSecret)}`).toString('base64')
  return async (member: Member): Promise<void> => {
    const browser = openBrowser(http, issuer, redirectUri)
    const query = new URLSearchParams({
      ...request,
      code_challenge_method: 'S256',
      state: randomBytes(16).toString('hex'),
    })
    const asked = await browser.get(`${issuer}/oidc/auth?${query}`)
    const password = await browser.post(asked, { username: member.username, password: member.password })
    const callback = await browser.post(password, { mtan: await sms.nextCode(member.mobile) })
    const code = /[?&]code=([^&]+)/.exec(callback.url)?.[1]
    if (!code)
      throw new Error(`the sign-in ended at ${callback.url} with ${callback.status}: ${heading(callback.body)}`)
    const grant = { grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: verifier }
    const headers = { 'Content-Type': form, Authorization: `Basic ${basic}` }
    const token = await http.send('POST', `${issuer}/oidc/token`, headers, new URLSearchParams(grant).toString())
    if (token.status !== 200) throw new Error(`the token endpoint answered ${token.status}: ${token.body}`)
  }
}

type Page = Answer & { url: string }

const heading = (body: string) => /<h1[^>]*>([^<]*)/.exec(body)?.[1]?.trim() ?? body.slice(0, 200)

/** A browser with an empty cookie jar that follows redirects up to the application's address. */
function openBrowser(http: HttpClient, issuer: string, redirectUri: string) {
  const cookies = new Map<string, string>()
  const send = async (method: 'GET' | 'POST', url: string, body?: string): Promise<Page> => {
    const cookie = [...cookies.values()].join('; ')
    const headers = {
      Accept: 'text/html',
      Cookie: cookie,
      ...(body !== undefined && { 'Content-Type': form, Origin: issuer }),
    }
    const answer = await http.send(method, url, headers, body)
    for (const line of answer.setCookie) {
      const pair = line.slice(0, line.indexOf(';'))
      cookies.set(pair.slice(0, pair.indexOf('=')), pair)
    }
    if (!answer.location) return { ...answer, url }
    const next = answer.location.startsWith('/') ? issuer + answer.location : answer.location
    return next.startsWith(redirectUri) ? { ...answer, url: next } : await send('GET', next)
  }
  return {
    get: (url: string) => send('GET', url),
    /** Fills in the form of the page, which posts to the address it was read from. */
    post(page: Page, fields: Record<string, string>): Promise<Page> {
      const token = /name="_csrf"[^>]*value="([^"]+)"/.exec(page.body)?.[1]
      if (page.status !== 200 || !token) throw new Error(`${page.url} answered ${page.status}: ${heading(page.body)}`)
      return send('POST', page.url, new URLSearchParams({ _csrf: token, ...fields }).toString())
    },
  }
}
