import { expect } from 'vitest'
import type { createBrowser } from './browser.ts'
import { type Harness, pkce, secret } from './harness.ts'

type Browser = ReturnType<typeof createBrowser>
type Tokens = {
  access_token: string
  id_token: string
  refresh_token?: string
  scope: string
  error?: string
  expires_in: number
}

const redirects: Record<string, string> = {
  portal: 'https://portal.example/callback',
  spa: 'https://spa.example/app.html',
  third: 'https://third.example/callback',
  fourth: 'https://fourth.example/callback',
  app: 'org.example.app:/callback',
}

/** Address of an authorization request with PKCE; `undefined` leaves a parameter out. */
export function authorizationUrl(clientId: string, parameters: Record<string, string | undefined> = {}) {
  const { verifier, challenge } = pkce()
  const all = {
    client_id: clientId,
    redirect_uri: redirects[clientId],
    response_type: 'code',
    scope: 'openid',
    state: 'state-1',
    code_challenge: challenge,
    code_challenge_method: 'S256',
    ...parameters,
  }
  const given = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return { verifier, url: `/oidc/auth?${new URLSearchParams(given)}` }
}

/** Sends a browser through the authorization request and gives what arrived at the application. */
export async function authorize(
  browser: Browser,
  clientId: string,
  parameters: Record<string, string | undefined> = {},
) {
  const { verifier, url } = authorizationUrl(clientId, parameters)
  const { response, away } = await browser.visit(url)
  const answer = Object.fromEntries(away?.searchParams ?? []) as Record<string, string | undefined>
  return { answer, verifier, away, response, redirectUri: parameters.redirect_uri ?? redirects[clientId] ?? '' }
}

/** Asks the token endpoint; confidential clients prove themselves with the secret of the harness. */
export async function askForTokens(
  issuer: string,
  clientId: string,
  body: Record<string, string>,
  withSecret = secret,
) {
  const response = await fetch(`${issuer}/oidc/token`, asClient(clientId, body, withSecret))
  return { status: response.status, body: (await response.json()) as Tokens }
}

function asClient(clientId: string, body: Record<string, string>, withSecret: string): RequestInit {
  const isPublic = clientId === 'spa' || clientId === 'app'
  const headers: Record<string, string> = isPublic
    ? {}
    : { authorization: `Basic ${Buffer.from(`${clientId}:${withSecret}`).toString('base64')}` }
  const fields = isPublic ? { ...body, client_id: clientId } : body
  return { method: 'POST', headers, body: new URLSearchParams(fields) }
}

/** Revokes a refresh token, and with it its grant (RFC 7009); gives the status. */
export async function revoke(issuer: string, clientId: string, token: string): Promise<number> {
  const response = await fetch(`${issuer}/oidc/token/revocation`, asClient(clientId, { token }, secret))
  await response.body?.cancel()
  return response.status
}

type Authorized = Awaited<ReturnType<typeof authorize>>

export const exchange = (issuer: string, clientId: string, { answer, verifier, redirectUri }: Authorized) =>
  askForTokens(issuer, clientId, {
    grant_type: 'authorization_code',
    code: answer.code ?? '',
    code_verifier: verifier,
    redirect_uri: redirectUri,
  })

export const refresh = (issuer: string, clientId: string, token: string | undefined) =>
  askForTokens(issuer, clientId, { grant_type: 'refresh_token', refresh_token: token ?? '' })

/** Signs in and exchanges the code. */
export async function signIn(
  { issuer }: Harness,
  browser: Browser,
  clientId: string,
  parameters: Record<string, string | undefined> = {},
): Promise<Tokens> {
  const { status, body } = await exchange(issuer, clientId, await authorize(browser, clientId, parameters))
  expect(body).not.toHaveProperty('error')
  expect(status).toBe(200)
  return body
}

export async function userinfo(issuer: string, accessToken: string) {
  const response = await fetch(`${issuer}/oidc/userinfo`, { headers: { authorization: `Bearer ${accessToken}` } })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

/** The claims of a token, without verifying it. */
export const claimsOf = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
