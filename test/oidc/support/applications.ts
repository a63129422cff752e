import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Backend, startTestApp, type TestApp } from '../../support/app.ts'
import type { Client, Page } from '../../support/client.ts'
import { copyConfig } from '../../support/config-folder.ts'

const ids = ['own', 'third', 'guard', 'outside', 'stranger', 'rotating', 'strict'] as const
const secrets = Object.fromEntries(ids.map((id) => [id, randomBytes(32).toString('base64url')]))
const variableOf = (id: string) => `SECRET_OF_${id.toUpperCase()}`

export type Answer = Record<string, string | undefined>
type Tokens = { access_token: string; id_token: string; refresh_token: string; error?: string }

/** Lets the application use another secret from now on. */
export const useSecret = (id: (typeof ids)[number], secret: string) => void Object.assign(secrets, { [id]: secret })

const entry = (id: string, kind: string, more: string, from = `env:${variableOf(id)}`) => `
  - client_id: ${id}
    name: ${id}
    kind: ${kind}
    reviewed: true
    client_secret: { from: ${from} }
${more}`

/**
 * Starts the whole service with applications of its own: `own` (the insurer's), `third` (with consent) and services; what
 * the browser brings to them, and the logout tokens they get, is kept. `more`: settings of the service.
 */
export async function startWithApplications(backend?: Backend, more: Record<string, string> = {}) {
  const logouts: string[] = []
  const receiver = createServer((request, response) => {
    let body = ''
    request.on('data', (part) => {
      body += part
    })
    request.on('end', () => {
      if (request.url === '/backchannel') logouts.push(new URLSearchParams(body).get('logout_token') ?? '')
      response.end('<h1>arrived</h1>')
    })
  })
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  const away = `http://localhost:${(receiver.address() as AddressInfo).port}`
  const folder = mkdtempSync(join(tmpdir(), 'aok-applications-'))
  copyConfig(folder)
  const web = (id: string) => `    redirect_uris: ['${away}/${id}']
    post_logout_redirect_uris: ['${away}/bye']
    backchannel_logout_uri: ${away}/backchannel
    scopes: [openid, profile, email, offline_access]`
  writeFileSync(
    join(folder, 'config/clients.yaml'),
    `clients:${entry('own', 'web', `    first_party: true\n${web('own')}`)}${entry('third', 'web', web('third'))}${entry('guard', 'service', '    first_party: true')}${entry('outside', 'service', '    may_introspect: true')}${entry('stranger', 'service', '')}${entry('rotating', 'web', `    first_party: true\n${web('rotating')}`, 'database')}${entry('strict', 'web', `    first_party: true\n    acr_minimum: urn:meine-aok:acr:password-mtan\n${web('strict')}`)}\n`,
  )
  const variables = Object.fromEntries(ids.map((id) => [variableOf(id), secrets[id] ?? '']))
  const settings = { CONFIG_DIR: join(folder, 'config'), ...variables, ...more }
  const app = await startTestApp(settings, backend)
  return Object.assign(applicationsOf(app, away), {
    app,
    logouts,
    /** The same applications at another process. */
    at: (issuer: string) => applicationsOf({ issuer }, away),
    async close() {
      await app.close()
      receiver.close()
      receiver.closeAllConnections()
      rmSync(folder, { recursive: true })
    },
  })
}

export type Applications = Awaited<ReturnType<typeof startWithApplications>>

function applicationsOf({ issuer }: Pick<TestApp, 'issuer'>, away: string) {
  const verifier = randomBytes(32).toString('base64url')
  const post = async (path: string, clientId: string, body: Record<string, string>) => {
    const authorization = `Basic ${Buffer.from(`${clientId}:${secrets[clientId]}`).toString('base64')}`
    const init = { method: 'POST', headers: { authorization }, body: new URLSearchParams(body) }
    const response = await fetch(`${issuer}/oidc/${path}`, init)
    const text = await response.text()
    return { status: response.status, body: (text ? JSON.parse(text) : {}) as Record<string, unknown> }
  }
  const parametersOf = (clientId: string, changes: Record<string, string>) => ({
    client_id: clientId,
    redirect_uri: `${away}/${clientId}`,
    response_type: 'code',
    scope: 'openid profile offline_access',
    state: 'state-1',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...(clientId === 'third' && !changes.prompt ? { prompt: 'consent' } : {}),
    ...changes,
  })
  return {
    /** Address of an authorization request. */
    url: (clientId: string, changes: Record<string, string> = {}) =>
      `${issuer}/oidc/auth?${new URLSearchParams(parametersOf(clientId, changes))}`,
    /** The same, pushed before (RFC 9126); what the endpoint refuses is answered as it is. */
    async pushed(clientId: string, changes: Record<string, string> = {}) {
      const { body } = await post('par', clientId, parametersOf(clientId, changes))
      if (!body.request_uri) return body
      const query = { client_id: clientId, request_uri: String(body.request_uri) }
      return { url: `${issuer}/oidc/auth?${new URLSearchParams(query)}` }
    },
    /** What the page's address brought to the application; undefined while the browser is still here. */
    answer: (page: Page): Answer | undefined =>
      page.url.startsWith(away) ? Object.fromEntries(new URL(page.url).searchParams) : undefined,
    /** Exchanges the code that the browser of this page has brought. */
    async tokens(clientId: string, page: Page): Promise<Tokens> {
      const code = new URL(page.url).searchParams.get('code') ?? ''
      const redirect = { redirect_uri: `${away}/${clientId}`, code_verifier: verifier }
      return (await post('token', clientId, { grant_type: 'authorization_code', code, ...redirect })).body as Tokens
    },
    refresh: (clientId: string, token: string) =>
      post('token', clientId, { grant_type: 'refresh_token', refresh_token: token }),
    introspect: (clientId: string, token: string, hint?: string) =>
      post('token/introspection', clientId, { token, ...(hint ? { token_type_hint: hint } : {}) }),
    revoke: (clientId: string, token: string) => post('token/revocation', clientId, { token }),
    post,
    async userinfo(token: string) {
      const response = await fetch(`${issuer}/oidc/userinfo`, { headers: { authorization: `Bearer ${token}` } })
      return { status: response.status, body: (await response.json()) as Record<string, unknown> }
    },
  }
}

/** Signs in at the page that the browser shows; answers where that leads. */
export async function signInHere(
  browser: Client,
  app: TestApp,
  person: { username: string; password: string; mobile: string },
): Promise<Page> {
  const known = (await app.inbox.list('sms', person.mobile)).length
  await browser.submit({ username: person.username, password: person.password })
  const sms = await app.inbox.next('sms', person.mobile, known)
  return await browser.submit({ mtan: sms.code ?? '' })
}

/** The claims of a token, without verifying it. */
export const claimsIn = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
