import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { hashToken } from '../gateways/field-encryption.ts'
import { loadClientFile } from './client-registry.ts'

const folder = mkdtempSync(join(tmpdir(), 'aok-clients-'))
const path = join(folder, 'clients.yaml')
afterAll(() => rmSync(folder, { recursive: true }))

const secret = 'x'.repeat(43)
const load = (text: string, variables: Record<string, string> = { PORTAL_SECRET: secret }) => {
  writeFileSync(path, text)
  return loadClientFile(path, { variables, placeholders: { demo_origin: 'http://localhost:3001' } })
}

const good = {
  client_id: 'portal',
  name: 'Portal',
  kind: 'web',
  redirect_uris: '[https://portal.example.org/callback]',
  client_secret: '{ from: env:PORTAL_SECRET }',
}
const entry = (changes: Record<string, string | undefined> = {}) =>
  `clients:\n${Object.entries({ ...good, ...changes })
    .filter(([, value]) => value !== undefined)
    .map(([field, value], index) => `${index === 0 ? '  - ' : '    '}${field}: ${value}`)
    .join('\n')}\n`

describe('loadClientFile', () => {
  it('reads an application; its secret is kept as a hash only', () => {
    const { clients, defaultClient } = load(`default_client: portal\n${entry({ first_party: 'true' })}`)
    expect(defaultClient).toBe('portal')
    expect(clients[0]).toMatchObject({
      clientId: 'portal',
      firstParty: true,
      reviewed: false,
      secretHashes: [hashToken(secret)],
      tokenEndpointAuthMethod: 'client_secret_basic',
      idTokenSignedResponseAlg: 'ES256',
    })
    expect(JSON.stringify(clients)).not.toContain(secret)
  })

  it('reads two secrets while one replaces the other, from the environment and from a file', () => {
    writeFileSync(join(folder, 'old-secret'), `${'y'.repeat(43)}\n`)
    const { clients } = load(entry({ client_secret: '[{ from: env:PORTAL_SECRET }, { from: file:old-secret }]' }))
    expect(clients[0]?.secretHashes).toEqual([hashToken(secret), hashToken('y'.repeat(43))])
  })

  it('fills in the placeholders of the demo file', () => {
    const { clients } = load(entry({ redirect_uris: "['{demo_origin}/callback']" }))
    expect(clients[0]?.redirectUris).toEqual(['http://localhost:3001/callback'])
  })

  it.each([
    ['a plain http address', { redirect_uris: '[http://portal.example.org/]' }, 5, 'redirect_uris', 'https://'],
    ['a wildcard', { redirect_uris: "['https://*.example.org/']" }, 5, 'redirect_uris', 'wildcards'],
    ['a fragment', { redirect_uris: "['https://portal.example.org/#a']" }, 5, 'redirect_uris', 'fragment'],
    ['no address', { redirect_uris: undefined }, 2, 'redirect_uris', 'at least one'],
    ['a relative address', { redirect_uris: '[/callback]' }, 5, 'redirect_uris', 'no absolute address'],
    ['a scheme of its own on the web', { redirect_uris: "['com.example.app:/back']" }, 5, 'redirect_uris', 'https://'],
    ['a secret in the file', { client_secret: '{ from: abc }' }, 6, 'client_secret.from', 'env:NAME'],
    ['a missing secret', { client_secret: undefined }, 2, 'client_secret', 'missing'],
    ['an empty variable', { client_secret: '{ from: env:NOT_SET }' }, 6, 'client_secret', 'empty'],
    ['an unknown kind', { kind: 'desktop' }, 4, 'kind', 'web'],
    ['an unknown scope', { scopes: '[openid, everything]' }, 7, 'scopes', 'openid'],
    ['an unknown field', { redirect_url: 'https://portal.example.org/' }, 2, 'file', 'redirect_url'],
    [
      'none for a web application',
      { token_endpoint_auth_method: 'none' },
      7,
      'token_endpoint_auth_method',
      'none is for',
    ],
    [
      'private_key_jwt without keys',
      { token_endpoint_auth_method: 'private_key_jwt' },
      7,
      'token_endpoint_auth_method',
      'jwks',
    ],
    ['a secret of a browser application', { kind: 'single-page' }, 6, 'client_secret', 'cannot keep a secret'],
    ['a service that signs people in', { kind: 'service' }, 5, 'redirect_uris', 'signs nobody in'],
    ['a subject type of its own', { subject_type: 'public' }, 7, 'subject_type', 'pairwise'],
  ])('refuses %s and names line, field and mend', (_what, changes, line, field, mend) => {
    const attempt = () => load(entry(changes))
    expect(attempt).toThrow(`${path}:${line}: ${field}: `)
    expect(attempt).toThrow(mend)
  })

  it('refuses a short secret, an id twice, an unknown default and broken YAML', () => {
    expect(() => load(entry(), { PORTAL_SECRET: 'short' })).toThrow('256 bits')
    expect(() => load(entry() + entry().replace('clients:\n', ''))).toThrow('registered twice')
    expect(() => load(`default_client: other\n${entry()}`)).toThrow('other is not registered')
    expect(() => load('clients: [')).toThrow(`${path}:1: `)
  })

  it('reports every fault at once', () => {
    const attempt = () => load(entry({ kind: 'desktop', scopes: '[everything]' }))
    expect(attempt).toThrow(/kind[\s\S]*scopes|scopes[\s\S]*kind/)
  })

  it('lets a native application use a scheme of its own and loopback', () => {
    const redirects = "['com.example.app:/back', 'http://127.0.0.1/back']"
    const { clients } = load(entry({ kind: 'native', client_secret: undefined, redirect_uris: redirects }))
    expect(clients[0]?.tokenEndpointAuthMethod).toBe('none')
  })
})
