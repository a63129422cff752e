import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { adminScopes } from '../../src/domain/clients/scopes.ts'
import { startTestApp } from '../support/app.ts'
import { copyConfig } from '../support/config-folder.ts'
import { createTypedClient } from './client.ts'
import { createCheck, type Document } from './contract.ts'

/** Services of the test, and what each may. */
const services = {
  robot: [...adminScopes],
  writer: ['admin:clients:read', 'admin:clients:write'],
  desk: ['admin:members:read'],
  stranger: [],
} as const
type Service = keyof typeof services

export type ApiAnswer = {
  status: number
  headers: Headers
  body: Body
  text: string
}
// biome-ignore lint/suspicious/noExplicitAny: the document is what tells the shape of answers
type Body = Record<string, any>
type Sent = { as?: Service | null; scope?: string; token?: string; body?: unknown; headers?: Record<string, string> }
/** Starts the whole service with services that call the HTTP API; each answer is held against the document. */
export async function startApi(more: Record<string, string> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'aok-api-'))
  copyConfig(folder)
  const secrets = Object.fromEntries(Object.keys(services).map((id) => [id, randomBytes(32).toString('hex')]))
  const entries = Object.entries(services).map(
    ([id, scopes]) => `
  - client_id: ${id}
    name: ${id}
    kind: service
    scopes: [${scopes.map((scope) => `'${scope}'`).join(', ')}]
    client_secret: { from: env:SECRET_OF_${id.toUpperCase()} }`,
  )
  writeFileSync(join(folder, 'config/clients.yaml'), `clients:${entries.join('')}\n`)
  const variables = Object.fromEntries(
    Object.entries(secrets).map(([id, secret]) => [`SECRET_OF_${id.toUpperCase()}`, secret]),
  )
  const app = await startTestApp({ CONFIG_DIR: join(folder, 'config'), ...variables, ...more })
  const address = `${app.issuer}/admin/api/v1`
  const document = (await (await fetch(`${address}/openapi.json`)).json()) as Document
  const check = createCheck(document)
  const tokens = new Map<string, string>()

  /** Asks for an access token with the client credentials grant. */
  async function fetchToken(id: string, secret: string, scope?: string): Promise<Record<string, string>> {
    const response = await fetch(`${app.issuer}/oidc/token`, {
      method: 'POST',
      headers: { Authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` },
      body: new URLSearchParams({ grant_type: 'client_credentials', ...(scope && { scope }) }),
    })
    return (await response.json()) as Record<string, string>
  }
  async function tokenOf(id: Service, scope = services[id].join(' ')): Promise<string> {
    const known = tokens.get(`${id} ${scope}`) ?? (await fetchToken(id, secrets[id] ?? '', scope)).access_token ?? ''
    tokens.set(`${id} ${scope}`, known)
    return known
  }
  async function send(method: string, path: string, sent: Sent = {}): Promise<ApiAnswer> {
    const { as = 'robot', body } = sent
    const token = sent.token ?? (as && (await tokenOf(as, sent.scope)))
    const response = await fetch(address + path, {
      method,
      headers: {
        ...(token && { Authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
        ...sent.headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    const answer = { status: response.status, headers: response.headers, text, body: text ? JSON.parse(text) : {} }
    check(method, path, answer)
    return answer
  }
  return {
    ...{ app, document, fetchToken, tokenOf, secrets, send },
    /** A client with the types of the document. */
    client: (as: Service = 'robot', scope?: string) =>
      createTypedClient(address, { check, token: () => tokenOf(as, scope) }),
    /** Registers an application in this test's name. */
    create: (client_id: string, more: object = {}) =>
      send('POST', '/clients', { body: { client_id, name: client_id, kind: 'web', ...web, ...more } }),
    async close() {
      await app.close()
      rmSync(folder, { recursive: true })
    },
  }
}

export type Api = Awaited<ReturnType<typeof startApi>>

/** What a web application needs at least. */
export const web = { redirect_uris: ['https://rp.example/callback'], scopes: ['openid', 'profile'] }
