import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { hashToken } from '../crypto/field-encryption.ts'
import { memberScopes } from '../domain/clients/scopes.ts'
import { StartUpError } from '../errors.ts'
import { scopeClaims } from '../oidc/claims.ts'
import { applyDemoOverrides } from './clients/demo-overrides.ts'
import type { ClientFile } from './clients/reading.ts'
import { loadClients } from './clients.ts'

const dir = mkdtempSync(join(tmpdir(), 'clients-'))
afterAll(() => rmSync(dir, { recursive: true }))

const secret = 'V1StGXR8_Z5jdHi6B-myT5zkqHcQ2sWn7Lp0aUeYbXo'
const demoFile: ClientFile = {
  path: fileURLToPath(new URL('../../config/demo/clients.yaml', import.meta.url)),
  demoOrigin: 'http://localhost:3001',
}

function write(name: string, text: string): ClientFile {
  const path = join(dir, name)
  writeFileSync(path, text)
  return { path }
}

const load = (text: string, environment: Record<string, string> = { SECRET: secret }) =>
  loadClients({ file: write('clients.yaml', text), environment, baseDir: dir })

/** The faults of a file, without its path. */
function faultsOf(text: string, environment?: Record<string, string>): string[] {
  try {
    load(text, environment)
  } catch (error) {
    expect(error).toBeInstanceOf(StartUpError)
    const [, ...lines] = (error as Error).message.split('\n')
    return lines.map((line) => line.trim().replace(`${join(dir, 'clients.yaml')}:`, ''))
  }
  return []
}

const portal = `clients:
  - client_id: portal
    name: Portal
    kind: web
    redirect_uris: [https://portal.example/callback]
    scopes: [openid, profile]
    client_secret: { from: env:SECRET }
`
const change = (from: string, to: string) => portal.replace(from, to)

describe('registered applications', () => {
  it('loads an application with what is usual filled in, and only the hash of its secret', () => {
    const { clients, defaultClient } = load(`${portal}default_client: portal\n`)
    expect(clients).toEqual([
      {
        clientId: 'portal',
        name: 'Portal',
        kind: 'web',
        environment: 'live',
        draft: false,
        firstParty: false,
        mayIntrospect: false,
        reviewed: false,
        redirectUris: ['https://portal.example/callback'],
        postLogoutRedirectUris: [],
        scopes: ['openid', 'profile'],
        secretHashes: [hashToken(secret)],
        secretReferences: ['env:SECRET'],
        secretsMadeHere: false,
        tokenEndpointAuthMethod: 'client_secret_basic',
        // What an application that says nothing expects (OpenID Connect Dynamic Client Registration 1.0 § 2).
        idTokenSignedResponseAlg: 'RS256',
        webOrigins: [],
        contacts: [],
      },
    ])
    expect(defaultClient).toBe(clients[0])
    expect(load(change('kind: web', 'kind: web\n    first_party: true')).clients[0]?.mayIntrospect).toBe(true)
    expect(load(change('kind: web', 'kind: web\n    may_introspect: true')).clients[0]?.mayIntrospect).toBe(true)
    const open = 'kind: single-page\n    may_introspect: true'
    const bare = change('kind: web', open).replace('    client_secret: { from: env:SECRET }\n', '')
    expect(() => load(bare)).toThrow(/may_introspect.* needs a secret or a key/)
    expect(JSON.stringify(clients)).not.toContain(secret)
  })

  it('knows the same scopes as the provider', () =>
    expect(memberScopes).toEqual([...Object.keys(scopeClaims), 'offline_access']))

  it('reads two secrets while they are rotated, one of them from a file', () => {
    writeFileSync(join(dir, 'second'), `${secret}2\n`)
    const text = change('{ from: env:SECRET }', '[{ from: env:SECRET }, { from: file:second }]')
    expect(load(text).clients[0]?.secretHashes).toEqual([hashToken(secret), hashToken(`${secret}2`)])
  })

  it('reads public keys for private_key_jwt and refuses private ones', () => {
    const text = change('client_secret: { from: env:SECRET }', 'jwks_file: keys.json')
    const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })
    writeFileSync(join(dir, 'keys.json'), JSON.stringify({ keys: [{ kty: 'AKP' }, key] }))
    expect(load(text).clients[0]).toMatchObject({
      tokenEndpointAuthMethod: 'private_key_jwt',
      jwks: { keys: [{ kty: 'AKP' }, { kty: 'EC' }] },
    })
    writeFileSync(join(dir, 'keys.json'), '{"keys":[{"kty":"EC","d":"secret"}]}')
    expect(faultsOf(text)[0]).toContain('holds a private or symmetric key')
    for (const keys of [[{}], [{ kty: 'EC', crv: 'P-256', x: 'a', y: 'b' }], [{ ...key, use: 'enc' }]]) {
      writeFileSync(join(dir, 'keys.json'), JSON.stringify({ keys }))
      expect(faultsOf(text)[0]).toContain('holds no key that verifies signatures')
    }
    writeFileSync(join(dir, 'keys.json'), '{"keys":[null]}')
    expect(faultsOf(text)[0]).toContain('no key')
  })

  it('takes what staff are told, and the class that is the least', () => {
    const more = 'description: Für alle\n    owner: Team Portal\n    environment: test\n    draft: true\n    kind: web'
    const text = change('kind: web', `${more}\n    acr_minimum: urn:meine-aok:acr:password-mtan`)
    expect(load(text).clients).toMatchObject([
      {
        ...{ description: 'Für alle', owner: 'Team Portal', environment: 'test', draft: true },
        acrMinimum: 'urn:meine-aok:acr:password-mtan',
      },
    ])
  })

  it.each([
    ['a class that no sign-in reaches', change('kind: web', 'kind: web\n    acr_minimum: phr'), /acr_minimum/],
    ['an owner of two lines', change('kind: web', 'kind: web\n    owner: "a\\nb"'), /owner must be 1 to 60/],
    [
      'a description too long',
      change('kind: web', `kind: web\n    description: ${'x'.repeat(301)}`),
      /must be 1 to 300/,
    ],
    ['an environment of its own', change('kind: web', 'kind: web\n    environment: staging'), /environment/],
    [
      'a class for a service',
      change('kind: web', 'kind: service\n    acr_minimum: urn:meine-aok:acr:password-mtan'),
      /acr_minimum \(portal\) does not fit kind: service/,
    ],
  ])('names %s', (_, text, message) => {
    expect(faultsOf(text)).toEqual(expect.arrayContaining([expect.stringMatching(message)]))
  })

  it.each([
    ['a wildcard', change('/callback', '/*'), /^5: clients\[0\]\.redirect_uris\[0\] \(portal\) has a wildcard/],
    [
      'a blank before it',
      change('[https://', '[" https://').replace('/callback]', '/callback"]'),
      /^5: .* holds a blank/,
    ],
    ['a blank in it', change('/callback', '/call back'), /^5: .* write it as https:\/\/\S+call%20back$/],
    ['a backslash', change('/callback', '\\@boese.example'), /^5: .* holds a blank, a backslash/],
    ['a letter beyond ASCII', change('/callback', '/rückruf'), /^5: .* write it as https:\/\/\S+r%C3%BCckruf$/],
    ['no slashes', change('https://portal', 'https:portal'), /^5: .* has not two slashes .* https:\/\/portal/],
    ['dots', change('/callback', '/a/../callback'), /^5: .* has dots for a part/],
    ['a fragment', change('/callback', '/#x'), /^5: .* has a fragment/],
    ['http beyond loopback', change('https:', 'http:'), /^5: .* uses http, which is for localhost/],
    ['a scheme of its own', change('https://portal.example', 'org.example:'), /^5: .* only kind: native/],
    ['no redirect address', change('[https://portal.example/callback]', '[]'), /^5: .* needs at least one address/],
    ['several hosts', change('callback]', 'callback, https://b.example/]'), /^5: .* names several hosts/],
    ['an unknown scope', change('profile]', 'profil]'), /^6: .*scopes\[1\] \(portal\) profil is unknown; use openid/],
    ['no openid', change('[openid, profile]', '[profile]'), /^6: .* must contain openid/],
    [
      'a secret in the file',
      change('{ from: env:SECRET }', `{ from: ${secret} }`),
      /^7: .* secrets never stand in this file/,
    ],
    [
      'no secret',
      change('    client_secret: { from: env:SECRET }\n', ''),
      /^2: .*client_secret .*is missing; kind: web needs/,
    ],
    ['an unknown kind', change('kind: web', 'kind: website'), /^4: clients\[0\]\.kind .*"single-page"/],
    ['a missing name', change('    name: Portal\n', ''), /^2: clients\[0\]\.name is missing/],
    [
      'a key misspelt',
      change('redirect_uris', 'redirect_uri'),
      /^5: clients\[0\]\.redirect_uri is unknown; did you mean redirect_uris\?/,
    ],
    [
      'a key nobody knows',
      change('scopes:', 'colour: red\n    scopes:'),
      /^6: clients\[0\]\.colour is unknown; leave it out/,
    ],
    [
      'a secret for an app',
      change('kind: web', 'kind: native'),
      /^7: .*client_secret \(portal\) does not fit kind: native/,
    ],
    [
      'addresses of a service',
      change('kind: web', 'kind: service'),
      /^5: .*redirect_uris \(portal\) does not fit kind: service/,
    ],
    ['a default that is missing', `${portal}default_client: other\n`, /^8: default_client names other/],
    ['broken YAML', change('[openid, profile]', '[openid'), /^\d+: /],
    ['an id used twice', portal + portal.slice('clients:\n'.length), /^8: clients\[1\]\.client_id is used twice/],
  ])('names line, field and mend of %s', (_, text, expected) => {
    expect(faultsOf(text)).toEqual(expect.arrayContaining([expect.stringMatching(expected)]))
  })

  it('names a secret that is missing or weak, and never shows it', () => {
    expect(faultsOf(portal, {})[0]).toMatch(/^7: .* env:SECRET is not set/)
    const [weak] = faultsOf(portal, { SECRET: 'hunter2-hunter2' })
    expect(weak).toMatch(/weaker than 256 bits; make one with: openssl rand -hex 32/)
    expect(weak).not.toContain('hunter2')
    for (const SECRET of [
      '0123456789abcdef'.repeat(4),
      'bitte-aendern-change-me-0815-Portal-Geheimnis-2026-xyz',
      'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz',
    ])
      expect(faultsOf(portal, { SECRET })).toEqual([expect.stringMatching(/^7: .* can be guessed; make one/)])
  })

  it.each([
    ['+', 'q+4Jb+1mZ-8vXr2Yt0LpWs9KdEcHnUaGfTiOxQyR3zk'],
    ['/', 'q/4Jb-1mZ-8vXr2Yt0LpWs9KdEcHnUaGfTiOxQyR3zk'],
    ['=', 'q-4Jb-1mZ-8vXr2Yt0LpWs9KdEcHnUaGfTiOxQyR3zk='],
    ['%', 'q%4Jb-1mZ-8vXr2Yt0LpWs9KdEcHnUaGfTiOxQyR3zk'],
    [':', 'q:4Jb-1mZ-8vXr2Yt0LpWs9KdEcHnUaGfTiOxQyR3zk'],
  ])('takes a secret with %s, and warns that it does not travel with every application', (_, given) => {
    const { clients, warnings } = load(portal, { SECRET: given })
    expect(clients[0]?.secretHashes).toEqual([hashToken(given)])
    expect(warnings).toEqual([expect.stringMatching(/:7: .*client_secret\.from \(portal\) .*openssl rand -hex 32$/)])
    expect(warnings[0]).not.toContain(given)
  })

  it('warns of a secret that two applications share, by both names', () => {
    const two =
      portal + portal.slice('clients:\n'.length).replace('portal', 'bonus').replace('portal.example', 'bonus.example')
    const { clients, warnings } = load(two)
    expect(clients).toHaveLength(2)
    expect(warnings).toEqual([expect.stringMatching(/:13: .*client_secret \(bonus\) is the secret of portal, too/)])
  })

  it('warns of no secret that its recipe makes', () => {
    for (let n = 0; n < 100; n++)
      expect(load(portal, { SECRET: randomBytes(32).toString('hex') }).warnings, 'warnings').toEqual([])
  })

  it.each([
    'capacitor://localhost',
    'http://tauri.localhost',
    'ionic://localhost',
    'http://localhost',
    'https://localhost',
    'https://app.example',
    'http://127.0.0.1:8100',
    'tauri://localhost',
  ])('lets pages of %s call the endpoints, as web views of apps have them', (origin) => {
    const text = change('kind: web', 'kind: native').replace(/client_secret.*/, `web_origins: ['${origin}']`)
    expect(load(text).clients[0]?.webOrigins).toEqual([origin])
  })

  it.each(['capacitor://localhost/callback', 'ionic://localhost/callback'])(
    'lets an app return to its web view at %s',
    (uri) => {
      const text = change('kind: web', 'kind: native')
        .replace(/client_secret.*/, '')
        .replace(/https:.*callback/, uri)
      expect(load(text).clients[0]?.redirectUris).toEqual([uri])
      expect(faultsOf(text.replace('localhost', 'app.example'))).toEqual([expect.stringMatching(/has the scheme/)])
      expect(faultsOf(change('https://portal.example', uri.replace('/callback', '')))).not.toEqual([])
    },
  )

  it.each([
    ['a path', 'https://app.example/', /is no origin/],
    ['capitals', 'https://App.example', /is no origin/],
    ['a wildcard', 'https://*.example', /has a wildcard/],
    ['http elsewhere', 'http://app.example', /uses http; use https/],
    ['null', 'null', /is no origin/],
    ['a file', 'file://', /is no origin|a scheme of its own/],
    ['a scheme with another host', 'capacitor://app.example', /a host other than localhost/],
  ])('refuses an origin with %s', (_, origin, expected) => {
    const text = change('kind: web', 'kind: native').replace(/client_secret.*/, `web_origins: ['${origin}']`)
    expect(faultsOf(text)).toEqual([expect.stringMatching(expected)])
  })

  it('refuses origins of an application whose server calls the endpoints, and contacts that are no addresses', () => {
    const text = `${portal}    web_origins: [https://app.example]\n    contacts: [team]\n`
    expect(faultsOf(text)).toEqual([expect.stringMatching(/^9: .*contacts\[0\].*e-mail address/)])
    const mended = text.replace('[team]', '[team@example.org]')
    expect(faultsOf(mended)).toEqual([expect.stringMatching(/^8: .*web_origins \(portal\) does not fit kind: web/)])
  })

  it('reports every fault of a file together, and one that is not there', () => {
    const faults = faultsOf(`${change('/callback', '/*')}  - {}\n`)
    expect(faults).toEqual([
      expect.stringMatching(/^8: clients\[1\]\.client_id is missing/),
      expect.anything(),
      expect.anything(),
      expect.stringMatching(/^5: .*wildcard/),
    ])
    for (const nothing of ['', '# to come\n'])
      expect(() => load(nothing)).toThrow(
        /clients\.yaml: is empty; write "clients: \[\]" where there are no applications$/,
      )
    const file = { path: join(dir, 'none.yaml') }
    expect(() => loadClients({ file, environment: {}, baseDir: dir })).toThrow(/none\.yaml: cannot be read \(ENOENT\)/)
  })

  it('accepts the file that is delivered', () => {
    const path = fileURLToPath(new URL('../../config/clients.yaml', import.meta.url))
    expect(loadClients({ file: { path }, environment: {}, baseDir: dir }).clients).toEqual([])
  })
})

describe('demo applications', () => {
  const load = () => loadClients({ file: demoFile, environment: {}, baseDir: dir })

  it('have the addresses of the contract', () => {
    const { clients, defaultClient } = load()
    expect(defaultClient?.clientId).toBe('demo-portal')
    expect(clients.map(({ clientId, kind, redirectUris }) => [clientId, kind, redirectUris[0]])).toEqual([
      ['demo-portal', 'web', 'http://localhost:3001/callback'],
      ['demo-spa', 'single-page', 'http://localhost:3001/spa.html'],
      ['demo-third-party', 'web', expect.stringMatching(/^http:\/\/localhost:3001\//)],
      ['demo-service', 'service', undefined],
    ])
  })

  it('take more redirect addresses, the third party another one, and a secret of any length', () => {
    const redirectUris = 'demo-portal=http://a.test:1/cb, demo-third-party=http://b.test/cb'
    const changed = applyDemoOverrides(load().clients, { redirectUris, secret: 'short' })
    const byId = Object.fromEntries(changed.map((client) => [client.clientId, client]))
    expect(byId['demo-portal']?.redirectUris).toEqual(['http://localhost:3001/callback', 'http://a.test:1/cb'])
    expect(byId['demo-third-party']?.redirectUris).toEqual(['http://b.test/cb'])
    for (const id of ['demo-portal', 'demo-third-party', 'demo-service'])
      expect(byId[id]?.secretHashes).toEqual([hashToken('short')])
    expect(byId['demo-spa']?.secretHashes).toEqual([])
  })

  it.each(['demo-portal', 'nobody=https://a.test/', 'demo-portal=nowhere'])('refuse %s', (redirectUris) => {
    expect(() => applyDemoOverrides(load().clients, { redirectUris })).toThrow(StartUpError)
  })
})
