import { mkdtemp, rm } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { load } from 'cheerio'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestApp } from '../support/app.ts'
import { type Child, startChild, toApp } from '../support/machine/child.ts'
import { copyTemplate } from '../support/stores/database-templates.ts'
import { waitFor } from '../support/wait.ts'

let app: TestApp
let child: Child
let dataDir: string
const secret = 'geheimnis-des-portals-0123456789-abcdefghijk'
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'aok-words-'))
  copyTemplate(dataDir, 'migrated')
  const variables = {
    NODE_ENV: 'development',
    DATA_DIR: dataDir,
    LOG_LEVEL: 'trace',
    IP_LIMIT_FACTOR: '1000',
    DEMO_CLIENT_SECRET: secret,
  }
  child = startChild({
    ...variables,
    TRUST_PROXY: '127.0.0.1',
    DEMO_REDIRECT_URIS: 'demo-portal=http://localhost:9/cb',
  })
  app = toApp(await child.ready, dataDir)
})
afterAll(async () => {
  child?.process.kill('SIGTERM')
  await child?.ended
  await rm(dataDir, { recursive: true, force: true })
})

/** What a person could have typed into the wrong place. */
const words = {
  number: 'A123456780',
  email: 'erika.mustermann@example.org',
  mobile: '+4915112345671',
  password: 'Wiesengrund-7-Almhuette',
  plain: 'wiesengrund',
  name: 'erika.huber',
}

type Sent = { method?: string; headers?: Record<string, string>; body?: string; form?: Record<string, string> }

/** Sends what fetch would put right: paths, hosts, headers as they are. */
function send(path: string, { method, headers = {}, body, form }: Sent = {}) {
  const text = body ?? (form && new URLSearchParams(form).toString())
  const { port } = new URL(app.issuer)
  const type = text === undefined ? {} : { 'Content-Type': 'application/x-www-form-urlencoded' }
  const options = { host: '127.0.0.1', port, path, method: method ?? (text === undefined ? 'GET' : 'POST') }
  return new Promise<{ status: number; headers: Record<string, unknown>; body: string }>((resolve, reject) => {
    const call = httpRequest({ ...options, headers: { Accept: 'text/html', ...type, ...headers } }, (answer) => {
      let answered = ''
      answer.setEncoding('utf8').on('data', (part: string) => {
        answered += part
      })
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: answered }))
    })
    call.on('error', reject)
    call.end(text)
  })
}

const coded = encodeURIComponent
const auth = (changes: Record<string, string>) =>
  `/oidc/auth?${new URLSearchParams({
    ...{ client_id: 'demo-portal', response_type: 'code', redirect_uri: 'http://localhost:9/cb', scope: 'openid' },
    ...{ code_challenge: 'x'.repeat(43), code_challenge_method: 'S256', ...changes },
  })}`
const basic = (id: string, word: string) => ({
  Authorization: `Basic ${Buffer.from(`${id}:${word}`).toString('base64')}`,
})
const jwt = (claims: object) =>
  [{ alg: 'RS256', typ: 'JWT' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')

/** Places where a requester can put a word. */
const places: Record<string, (word: string) => Promise<unknown>> = {
  'a repeated field': (word) => send('/registrierung', { body: `${coded(word)}=1&${coded(word)}=2` }),
  'a field': (word) => send('/registrierung', { form: { [word]: word, insuranceNumber: word } }),
  'a path': (word) => send(`/${coded(word)}`),
  'a path below ours': (word) => send(`/registrierung/${coded(word)}/${coded(word)}`),
  'a path of the protocol': (word) => send(`/oidc/${coded(word)}`),
  'a path that is posted to': (word) => send(`/oidc/${coded(word)}`, { form: { a: word } }),
  'a path that cannot be read': (word) => send(`/anmeldung/${coded(word)}%E0%A4%A`),
  'an asset': (word) => send(`/assets/${coded(word)}%00`),
  'an asset that cannot be read': (word) => send(`/assets/${coded(word)}%E0%A4%A`),
  'the host of a path': (word) => send(`//${coded(word)}/hilfe`),
  'the host': (word) => send('/hilfe', { headers: { Host: word } }),
  'the host of the protocol': (word) => send('/.well-known/openid-configuration', { headers: { Host: word } }),
  'a foreign host': (word) => send('/', { headers: { 'X-Forwarded-Host': word, 'X-Forwarded-Proto': word } }),
  'a query': (word) => send(`/hilfe?${coded(word)}=${coded(word)}&lang=${coded(word)}`),
  'an id of a request': (word) => send('/gibtesnicht', { headers: { 'X-Request-Id': word } }),
  'an id of a request, longer': (word) => send('/gibtesnicht', { headers: { 'X-Request-Id': `request-of-${word}` } }),
  'a trace': (word) => send('/gibtesnicht', { headers: { traceparent: `00-${word}-00f067aa0ba902b7-01` } }),
  'an address': (word) => send('/gibtesnicht', { headers: { 'X-Forwarded-For': word } }),
  'a cookie': (word) =>
    send('/gibtesnicht', { headers: { Cookie: `${coded(word)}=${coded(word)}; lang=${coded(word)}` } }),
  'an agent': (word) =>
    send('/gibtesnicht', { headers: { 'User-Agent': word, Referer: word, 'Accept-Language': word } }),
  'a type': (word) => send('/registrierung', { body: word, headers: { 'Content-Type': word } }),
  'a type at the provider': (word) =>
    send('/oidc/token', { body: word, headers: { 'Content-Type': `a/${coded(word)}` } }),
  claims: (word) => send(auth({ claims: `{"userinfo": ${word}` })),
  'claims in quotes': (word) => send(auth({ claims: `{"userinfo": {"${word}": "${word}"}` })),
  'claims that are no object': (word) => send(auth({ claims: JSON.stringify(word) })),
  'claims of claims': (word) => send(auth({ claims: JSON.stringify({ id_token: { [word]: word } }) })),
  'a client': (word) => send(auth({ client_id: word })),
  'a redirect address': (word) => send(auth({ redirect_uri: `http://localhost:9/${word}` })),
  'a scope': (word) => send(auth({ scope: `openid ${word}` })),
  ...Object.fromEntries(
    ['prompt', 'response_type', 'response_mode', 'code_challenge', 'code_challenge_method', 'max_age', 'display'].map(
      (name) => [`the parameter ${name}`, (word: string) => send(auth({ [name]: word }))],
    ),
  ),
  ...Object.fromEntries(
    [
      'id_token_hint',
      'request',
      'request_uri',
      'acr_values',
      'ui_locales',
      'login_hint',
      'resource',
      'nonce',
      'state',
    ].map((name) => [`the parameter ${name}`, (word: string) => send(auth({ [name]: word }))]),
  ),
  'a repeated parameter': (word) => send(`${auth({})}&scope=${coded(word)}&${coded(word)}=1&${coded(word)}=2`),
  'a client at the token endpoint': (word) => send('/oidc/token', { form: { client_id: word, client_secret: word } }),
  'a wrong secret': (word) =>
    send('/oidc/token', { form: { grant_type: 'client_credentials' }, headers: basic('demo-portal', word) }),
  'credentials that cannot be read': (word) =>
    send('/oidc/token', { form: {}, headers: { Authorization: `Basic ${word}` } }),
  'a grant type': (word) => send('/oidc/token', { form: { grant_type: word }, headers: basic('demo-portal', secret) }),
  'a code': (word) =>
    send('/oidc/token', {
      form: { grant_type: 'authorization_code', code: word, redirect_uri: word },
      headers: basic('demo-portal', secret),
    }),
  'a scope of a service': (word) =>
    send('/oidc/token', {
      form: { grant_type: 'client_credentials', scope: word },
      headers: basic('demo-service', secret),
    }),
  'an assertion': (word) =>
    send('/oidc/token', { form: { client_assertion: word, client_assertion_type: word, client_id: 'demo-portal' } }),
  'the claims of an assertion': (word) =>
    send('/oidc/token', {
      form: {
        client_assertion: `${jwt({ iss: word, sub: 'demo-portal', aud: word })}.x`,
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      },
    }),
  'a proof': (word) =>
    send('/oidc/token', {
      form: { grant_type: 'client_credentials' },
      headers: { ...basic('demo-service', secret), DPoP: `${jwt({ htm: word, htu: word, jti: word })}.x` },
    }),
  'an access token': (word) => send('/oidc/userinfo', { headers: { Authorization: `Bearer ${word}` } }),
  'a scheme': (word) => send('/oidc/userinfo', { headers: { Authorization: `${word} ${word}` } }),
  'a token that is asked about': (word) =>
    send('/oidc/token/introspection', { form: { token: word }, headers: basic('demo-service', secret) }),
  'a pushed request': (word) =>
    send('/oidc/par', { form: { scope: word, claims: word, [word]: word }, headers: basic('demo-portal', secret) }),
  'a sign-out': (word) => send(`/oidc/logout?id_token_hint=${coded(word)}&post_logout_redirect_uri=${coded(word)}`),
  'a sign-out of a client': (word) => send(`/oidc/logout?client_id=${coded(word)}`),
  'an origin': (word) =>
    send('/oidc/token', { form: { client_id: 'demo-portal' }, headers: { Origin: `https://${coded(word)}` } }),
  'an origin of a form': (word) =>
    send('/registrierung', { form: { a: 'b' }, headers: { Origin: `https://${coded(word)}` } }),
  'a call of a gateway': (word) => send(`/hooks/sms-receipts/${coded(word)}`, { body: word }),
  'a call that bounced': (word) => send('/hooks/email-bounces', { body: word, headers: { 'X-Signature': word } }),
}

const log = () => child.out().slice(child.out().indexOf('"msg":"ready"')) + child.err()

/** Waits until the log has the line of a request that came after all others. */
async function everythingLogged(): Promise<void> {
  const id = String((await send('/hilfe')).headers['x-request-id'])
  await waitFor(() => log().includes(id))
}

describe('no word of a requester is in the log', () => {
  it.each(Object.entries(places))('from %s', async (_place, put) => {
    for (const word of Object.values(words))
      await put(word).catch((error) => expect(error.code).toMatch(/ERR_INVALID_CHAR/))
    await everythingLogged()
    for (const word of Object.values(words))
      for (const spelling of new Set([word, coded(word), word.toLowerCase(), coded(coded(word)), word.slice(0, 9)]))
        expect(log().includes(spelling), `${spelling} in the log`).toBe(false)
  })

  it('and every line of a request has a route, a reason and an id of ours', async () => {
    await everythingLogged()
    const lines = log()
      .split('\n')
      .filter((line) => line.includes('"msg":"request"'))
    expect(lines.length).toBeGreaterThan(100)
    for (const line of lines)
      expect(JSON.parse(line)).toMatchObject({ requestId: expect.stringMatching(/^[0-9a-f-]{36}$/) })
    const refused = log()
      .split('\n')
      .filter((line) => line.includes('"msg":"request refused"'))
    expect(refused.some((line) => line.includes('could not parse the claims parameter JSON'))).toBe(true)
    expect(refused.some((line) => line.includes('"fault":"SyntaxError"'))).toBe(true)
  })
})

describe('the id of a proxy', () => {
  const id = '7b1c6f0e-55a2-4c55-9b5a-0d8a7f3f2a11'

  it('stands beside ours in the log, and is answered to nobody', async () => {
    const { headers } = await send('/gibtesnicht', { headers: { 'X-Request-Id': id } })
    expect(headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/)
    expect(headers['x-request-id']).not.toBe(id)
    await waitFor(() => log().includes(`"requestId":"${headers['x-request-id']}","proxyRequestId":"${id}"`))
  })
})

describe('every answer has the headers of security.md', () => {
  it.each([
    '/assets/main.css',
    '/assets/main.js',
    '/assets/gibtesnicht.js',
    '/assets/%00',
    '/assets/%E0%A4%A',
    '/health',
    '/health/live',
    '/health/ready',
    '/branding.css',
    '/gibtesnicht',
    '/.well-known/openid-configuration',
    '/oidc/jwks',
    '/oidc/auth',
    '/dev/postbox.json',
    '/hooks/email-bounces',
  ])('%s', async (path) => {
    const { headers, status } = await send(path)
    expect(status).toBeLessThan(500)
    expect(headers).toMatchObject({
      'content-security-policy': expect.stringContaining("default-src 'none'"),
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'same-origin',
      'permissions-policy': expect.any(String),
      'cache-control': expect.stringMatching(/^(no-store|max-age=0|public, max-age=\d+)/),
    })
  })
})

describe('an address of another host', () => {
  const hosts = [
    '//boese.example',
    '//boese.example/hilfe',
    '///boese.example',
    '/\\boese.example',
    '/hilfe\\..\\boese.example',
  ]
  const absolute = [
    'http://boese.example/hilfe',
    'http://boese.example//boese.example/',
    'https://boese.example',
    'HTTP://boese.example/gibtesnicht',
  ]

  it.each([
    ...hosts,
    ...absolute,
    ...absolute.map((url) => `${url}/oidc/auth?client_id=x`),
    '/.well-known/openid-configuration',
    '/oidc/logout',
    '/',
  ])('is no link, form or redirect: %s', async (path) => {
    for (const method of ['GET', 'POST'])
      for (const headers of [
        {},
        { Host: 'boese.example', 'X-Forwarded-Host': 'boese.example', 'X-Forwarded-Proto': 'gopher' },
      ]) {
        const answer = await send(path, { method, headers: headers as Record<string, string> })
        expect(answer.status, `${method} ${path}`).toBeLessThan(500)
        expect(JSON.stringify(answer.headers)).not.toContain('boese')
        const $ = load(answer.body)
        const links = $('[href],[action],[src]')
          .toArray()
          .map((each) => $(each).attr('href') ?? $(each).attr('action') ?? $(each).attr('src') ?? '')
        for (const link of links) expect(new URL(link, app.issuer).host, link).not.toContain('boese')
        expect(links.filter((link) => /^\/[/\\]/.test(link))).toEqual([])
        if (path.startsWith('/.well-known')) expect(answer.body).not.toContain('boese')
      }
  })

  it('is ours when it is written in full', async () => {
    expect((await send('http://boese.example/hilfe?lang=en')).body).toContain('lang="en"')
  })
})
