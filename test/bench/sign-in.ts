import { createHash, randomBytes } from 'node:crypto'
import type { Answer, HttpClient } from './http-client.ts'
import type { SmsSink } from './sms-gateway.ts'
import type { Member } from './subjects/members.ts'

/** The application that delegates its sign-in in the benchmark. */
export type Application = { issuer: string; clientId: string; clientSecret: string; redirectUri: string }

const form = 'application/x-www-form-urlencoded'
const verifier = randomBytes(32).toString('base64url')
const challenge = createHash('sha256').update(verifier).digest('base64url')

/** What a browser and its application have after a sign-in. */
export type SignedIn = { browser: Browser; accessToken: string; refreshToken?: string }

/**
 * Makes the run of one later sign-in (seed, step 5) as browser and application do it: authorization request, password, mTAN,
 * code, token. Every run is a new browser. Throws when any answer is not the one that leads on.
 */
export function createSignIn(http: HttpClient, sms: SmsSink, application: Application, scope = memberScope) {
  const flow = createFlow(http, application, scope)
  return async (member: Pick<Member, 'username' | 'password' | 'mobile'>): Promise<SignedIn> => {
    const browser = openBrowser(http, application)
    const asked = await browser.get(flow.authorizationUrl())
    const password = await browser.post(asked, { username: member.username, password: member.password })
    return await flow.finish(browser, await browser.post(password, { mtan: await sms.nextCode(member.mobile) }))
  }
}

const memberScope = 'openid profile email phone insurance'

/** The steps of the authorization code flow that are the same at every provider. `endpoints`: where they are not ours. */
export function createFlow(
  http: HttpClient,
  { issuer, clientId, clientSecret, redirectUri }: Application,
  scope: string,
  endpoints = { authorization: `${issuer}/oidc/auth`, token: `${issuer}/oidc/token` },
) {
  const basic = Buffer.from(`${clientId}:${encodeURIComponent(clientSecret)}`).toString('base64')
  const headers = { 'Content-Type': form, Authorization: `Basic ${basic}` }
  const token = async (grant: Record<string, string>) => {
    const answer = await http.send('POST', endpoints.token, headers, new URLSearchParams(grant).toString())
    if (answer.status !== 200) throw new Error(`the token endpoint answered ${answer.status}: ${answer.body}`)
    const { access_token: accessToken, refresh_token: refreshToken } = JSON.parse(answer.body)
    return { accessToken, refreshToken } as { accessToken: string; refreshToken?: string }
  }
  return {
    headers,
    token,
    authorizationUrl(more: Record<string, string> = {}): string {
      const request = { client_id: clientId, response_type: 'code', redirect_uri: redirectUri, scope, ...more }
      const proof = { code_challenge: challenge, code_challenge_method: 'S256', state: randomBytes(16).toString('hex') }
      return `${endpoints.authorization}?${new URLSearchParams({ ...request, ...proof })}`
    },
    /** Takes the tokens for the code with which the sign-in came back to the application. */
    async finish(browser: Browser, callback: Page): Promise<SignedIn> {
      const code = codeOf(callback)
      if (!code)
        throw new Error(`the sign-in ended at ${callback.url} with ${callback.status}: ${heading(callback.body)}`)
      const proof = { redirect_uri: redirectUri, code_verifier: verifier }
      return { browser, ...(await token({ grant_type: 'authorization_code', code, ...proof })) }
    },
  }
}

export const codeOf = ({ url }: Page) => /[?&]code=([^&]+)/.exec(url)?.[1]

export type Browser = ReturnType<typeof openBrowser>
export type Page = Answer & { url: string }

const heading = (body: string) => /<h1[^>]*>([^<]*)/.exec(body)?.[1]?.trim() ?? body.slice(0, 200)

/** A browser with an empty cookie jar that follows redirects up to the application's address. */
export function openBrowser(http: HttpClient, { issuer, redirectUri }: Pick<Application, 'issuer' | 'redirectUri'>) {
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
