import { mkdtemp, rm } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { load } from 'cheerio'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestApp } from '../support/app.ts'
import { createClient } from '../support/client.ts'
import { type Child, startChild, toApp } from '../support/machine/child.ts'
import { copyTemplate } from '../support/stores/database-templates.ts'
import { waitFor } from '../support/wait.ts'

let app: TestApp
let child: Child
let dataDir: string
// A process of its own, so that its time is its own, too.
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'aok-guard-'))
  copyTemplate(dataDir, 'migrated')
  child = startChild({
    NODE_ENV: 'development',
    DATA_DIR: dataDir,
    LOG_LEVEL: 'debug',
    IP_LIMIT_FACTOR: '100000',
    TRUST_PROXY: '1',
  })
  app = toApp(await child.ready, dataDir)
})
afterAll(async () => {
  child?.process.kill('SIGTERM')
  await child?.ended
  await rm(dataDir, { recursive: true, force: true })
})

type Answer = { status: number; headers: Record<string, string | string[] | undefined>; body: string }
type Sent = { method?: string; headers?: Record<string, string | string[]>; body?: string }

/** Sends a request as it is, without what fetch puts right. */
function send(path: string, { method = 'GET', headers = {}, body }: Sent = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const url = new URL(app.issuer)
    const type = body === undefined ? {} : { 'Content-Type': 'application/x-www-form-urlencoded' }
    const options = {
      host: url.hostname,
      port: url.port,
      path,
      method,
      headers: { Accept: 'text/html', ...type, ...headers },
    }
    const call = httpRequest(options, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (part: string) => {
        text += part
      })
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: text }))
    })
    call.on('error', reject)
    call.end(body)
  })
}

/** Writes bytes to the port and answers what comes back until the connection ends. */
function write(text: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(app.issuer).port), '127.0.0.1', () => socket.write(text))
    let raw = ''
    socket.setEncoding('utf8').on('data', (part: string) => {
      raw += part
    })
    socket.on('error', reject)
    socket.on('end', () => {
      const [head = '', ...body] = raw.split('\r\n\r\n')
      const lines = head.split('\r\n')
      const headers = Object.fromEntries(
        lines.slice(1).map((line) => [line.split(':', 1)[0]?.toLowerCase() ?? '', line.slice(line.indexOf(':') + 2)]),
      )
      resolve({ status: Number(lines[0]?.split(' ')[1]), headers, body: body.join('\r\n\r\n') })
    })
  })
}

/** A page in our design, with a reference that is also in the log, and the headers of every answer. */
async function expectPage({ status, headers, body }: Answer, expected: number, title: string): Promise<void> {
  expect([status, body.slice(0, 200)]).toEqual([expected, expect.stringContaining('<!doctype html>')])
  const $ = load(body)
  expect($('h1').text()).toContain(title)
  expect($('body').text()).toContain('0800 2 767676')
  const reference = /[A-Z]\d-\d{4}/.exec($('main').text())?.[0]
  await waitFor(() => child.out().includes(`"reference":"${reference}"`))
  expectHeaders(headers)
}

function expectHeaders(headers: Answer['headers']): void {
  expect(headers['content-security-policy']).toContain("default-src 'none'")
  expect(headers['x-content-type-options']).toBe('nosniff')
  expect(headers['x-frame-options']).toBe('DENY')
  expect(headers['referrer-policy']).toBe('same-origin')
}

const many = (n: number, item: (index: number) => string, by: string) =>
  Array.from({ length: n }, (_, i) => item(i)).join(by)
const paths = ['/', '/hilfe', '/oidc/auth', '/oidc/logout', '/registrierung', '/gibtesnicht', '/anmeldung/x']

describe('a query', () => {
  it.each(paths)('of up to 100 parameters and 8 KiB passes: %s', async (path) => {
    for (const query of [many(100, (i) => `p${i}=x`, '&'), `p=${'x'.repeat(8190)}`])
      expect([400, 414]).not.toContain(
        (await send(`${path.replace('/oidc/logout', '/hilfe').replace('/oidc/auth', '/')}?${query}`)).status,
      )
  })

  it.each(paths)('of more is refused with a page: %s', async (path) => {
    for (const query of [many(101, (i) => `p${i}=x`, '&'), many(101, () => 'lang=de', '&'), '&'.repeat(100)])
      await expectPage(await send(`${path}?${query}`), 400, 'nicht verstanden')
    await expectPage(await send(`${path}?p=${'x'.repeat(8191)}`), 414, 'zu lang')
    await expectPage(await send(`${path}?p=${'x'.repeat(30_000)}`), 414, 'zu lang')
  })

  it('too long for the parser is refused with a page, too', async () => {
    await expectPage(await send(`/hilfe?p=${'x'.repeat(60_000)}`), 414, 'zu lang')
  })

  it('is refused in the language it asks for', async () => {
    const query = many(101, (i) => `p${i}=x`, '&')
    for (const asking of ['lang=en', 'ui_locales=en-GB'])
      await expectPage(await send(`/hilfe?${asking}&${query}`), 400, 'not understand')
  })

  it('is refused in the language that was chosen before', async () => {
    const client = createClient()
    await client.get(`${app.issuer}/hilfe?lang=en`)
    const Cookie = [...client.cookies.values()].map(({ value }) => value.split(';')[0]).join('; ')
    expect(Cookie).toContain('lang=en')
    await expectPage(await send(`/hilfe?${'a&'.repeat(101)}`, { headers: { Cookie } }), 400, 'not understand')
    await expectPage(await send(`/hilfe?lang=de&${'a&'.repeat(101)}`, { headers: { Cookie } }), 400, 'nicht verstanden')
    const cookies = { Cookie: `${many(61, (i) => `c${i}=x`, '; ')}; ${Cookie}` }
    await expectPage(await send('/hilfe', { headers: cookies }), 431, 'too much data')
    const huge = `GET /hilfe HTTP/1.1\r\nHost: x\r\nCookie: ${Cookie}\r\nX-Name: ${'x'.repeat(40_000)}\r\n\r\n`
    await expectPage(await write(huge), 431, 'too much data')
  })

  it.each(['/oidc/token', '/oidc/userinfo', '/.well-known/openid-configuration'])(
    'is refused in JSON by the protocol: %s',
    async (path) => {
      const answer = await send(`${path}?${'a&'.repeat(101)}`, { headers: { Accept: '*/*' } })
      expect([answer.status, JSON.parse(answer.body).error]).toEqual([400, 'invalid_request'])
      expectHeaders(answer.headers)
    },
  )

  it('is refused in JSON for who reads it', async () => {
    const answer = await send(`/hilfe?${'a&'.repeat(101)}`, { headers: { Accept: 'application/json' } })
    expect(JSON.parse(answer.body)).toMatchObject({ error: 'bad_request', reference: expect.any(String) })
  })
})

describe('a body', () => {
  it.each(['/registrierung', '/oidc/token', '/oidc/par', '/oidc/token/introspection', '/oidc/logout/confirm'])(
    'of more than 100 parameters is refused: %s',
    async (path) => {
      const answer = await send(path, { method: 'POST', body: many(101, (i) => `p${i}=x`, '&') })
      expect(answer.status).toBe(400)
      expect(answer.headers['content-type']).toMatch(/html|json/)
      if (path.startsWith('/oidc')) await waitFor(() => child.out().includes('"fault":"RangeError"'))
    },
  )

  it.each(['/registrierung', '/oidc/token', '/oidc/par', '/hilfe', '/health/live'])(
    'of more than 64 KiB is refused: %s',
    async (path) => {
      const answer = await send(path, { method: 'POST', body: `p=${'x'.repeat(70_000)}` })
      expect(answer.status).toBe(413)
      expect(answer.headers['content-type']).toMatch(/html|json/)
    },
  )

  it('may have 100 fields, and none twice', async () => {
    const client = createClient()
    const page = await client.get(`${app.issuer}/registrierung`)
    const fields = Object.fromEntries(Array.from({ length: 99 }, (_, i) => [`p${i}`, 'x']))
    const csrf = String(page.$('[name="_csrf"]').val())
    expect((await client.post(page.url, { ...fields, _csrf: csrf })).status).toBe(422)
    expect((await client.post(page.url, { ...fields, more: 'x', _csrf: csrf })).status).toBe(400)
    expect((await client.post(page.url, `_csrf=${csrf}&_csrf=${csrf}`)).status).toBe(400)
  })

  it('that ends in the middle, or is no chunk, gets an answer of ours', async () => {
    const head = 'POST /registrierung HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n'
    const answer = await write(`${head}Transfer-Encoding: chunked\r\n\r\nnonsense\r\n\r\n`)
    expect(answer.status).toBe(400)
    expect(answer.body).toContain('nicht verstanden')
    expectHeaders(answer.headers)
  })
})

describe('headers', () => {
  it.each<[string, Record<string, string | string[]>]>([
    ['61 cookies', { Cookie: many(61, (i) => `c${i}=x`, '; ') }],
    ['empty cookies', { Cookie: ';'.repeat(60) }],
    ['many languages', { 'Accept-Language': many(101, (i) => `x${i}`, ',') }],
    ['many types', { Accept: `text/html,${many(101, (i) => `a/x${i}`, ',')}` }],
    ['many proxies', { 'X-Forwarded-For': many(101, (i) => `10.0.0.${i % 250}`, ', ') }],
    ['a repeated header', { 'X-Forwarded-For': Array(101).fill('10.0.0.1') }],
    ['101 names', Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`X-Name-${i}`, 'x']))],
    ['18 KiB', { 'X-Name': 'x'.repeat(18_000) }],
    ['more than the parser takes', { 'X-Name': 'x'.repeat(40_000) }],
  ])('with %s are refused with a page', async (_what, headers) => {
    await expectPage(await send('/hilfe', { headers }), 431, 'zu viele Daten')
  })

  it('with the commas of people and cookies pass', async () => {
    const commas = many(150, (i) => `${i}`, ',')
    const each: Record<string, string>[] = [
      { Cookie: `basket=${commas}` },
      { Referer: `https://portal.example.org/search?ids=${commas}` },
      { 'User-Agent': `Mozilla/5.0 (${commas})` },
    ]
    for (const headers of each) expect((await send('/hilfe', { headers })).status).toBe(200)
  })

  it('as browsers and applications send them pass', async () => {
    const headers = {
      Cookie: many(60, (i) => `c${i}=${'x'.repeat(60)}`, '; '),
      'Accept-Language': 'de-DE,de;q=0.9,en;q=0.8',
      'X-Forwarded-For': '203.0.113.7, 10.0.0.1',
      Authorization: `Bearer ${'x'.repeat(4000)}`,
    }
    expect((await send('/hilfe', { headers })).status).toBe(200)
  })
})

describe('what is no HTTP', () => {
  it.each([
    ['nonsense', 'nonsense\r\n\r\n', 400],
    ['a line without version', 'GET /\r\n\r\n', 400],
    ['another method', 'ERIKA / HTTP/1.1\r\nHost: x\r\n\r\n', 400],
    ['a header without name', 'GET / HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n', 400],
    ['two hosts', 'GET /hilfe HTTP/1.1\r\nHost: x\r\nhost: y\r\nConnection: close\r\n\r\n', 400],
    ['a tunnel', 'CONNECT boese.example:443 HTTP/1.1\r\nHost: boese.example:443\r\n\r\n', 400],
    ['no host', 'GET /hilfe HTTP/1.1\r\nConnection: close\r\n\r\n', 400],
    ['an expectation', 'GET /hilfe HTTP/1.1\r\nHost: x\r\nExpect: wonders\r\nConnection: close\r\n\r\n', 400],
    ['two lengths', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', 400],
    ['an endless address', `GET /${'x'.repeat(70_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 414],
  ])('gets a page: %s', async (_what, text, status) => {
    await expectPage(await write(text), status, status === 414 ? 'zu lang' : 'nicht verstanden')
  })

  it('gets JSON where machines ask', async () => {
    const answer = await write(`POST /oidc/token HTTP/1.1\r\nHost: x\r\nX-Name: ${'x'.repeat(40_000)}\r\n\r\n`)
    expect([answer.status, JSON.parse(answer.body).error]).toEqual([431, 'invalid_request'])
    const head = 'POST /oidc/token HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\nTransfer-Encoding: chunked\r\n'
    const begun = await write(`${head}Content-Type: application/x-www-form-urlencoded\r\n\r\nnonsense\r\n\r\n`)
    expect([begun.status, JSON.parse(begun.body).error]).toEqual([400, 'bad_request'])
  })

  it('is no fault of ours: nothing of level error is logged', async () => {
    const before = child.out().length
    for (const path of [
      '/registrierung',
      '/oidc/token',
      '/oidc/par',
      '/oidc/auth',
      '/oidc/logout/confirm',
      '/gibtesnicht',
    ])
      for (const type of ['application/x-www-form-urlencoded', 'text/plain'])
        for (const coding of ['chunked\r\n\r\nnonsense', 'nonsense'])
          for (const method of ['POST', 'GET'])
            await write(
              `${method} ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\nTransfer-Encoding: ${coding}\r\n\r\n`,
            )
    const id = String((await send('/hilfe')).headers['x-request-id'])
    await waitFor(() => child.out().includes(id))
    expect(child.out().slice(before)).not.toMatch(/"level":"(error|fatal)"/)
  })

  it('gets JSON when it asked for it', async () => {
    const answer = await write('GET / HTTP/1.1\r\nAccept: application/json\r\nHost: x\r\n: y\r\n\r\n')
    expect([answer.status, JSON.parse(answer.body).error]).toEqual([400, 'bad_request'])
  })
})

describe('a requester who leaves in the middle', () => {
  /** Sends the beginning of a request and breaks the connection, with a reset or with its end. */
  const leave = (head: string, body: string, reset: boolean) =>
    new Promise<void>((resolve) => {
      const socket = connect(Number(new URL(app.issuer).port), '127.0.0.1', () => socket.write(head))
      // The head has arrived when something comes back: 100 Continue, or an answer that needs no body.
      socket.once('data', () => socket.write(body, () => (reset ? socket.resetAndDestroy() : socket.end())))
      socket.on('error', () => {})
      socket.on('close', () => resolve()).resume()
    })

  it.each([true, false])('is no fault of ours and no 5xx (with a reset: %s)', async (reset) => {
    const before = child.out().length
    const addresses = [
      ...[
        '/oidc/auth',
        '/oidc/token',
        '/oidc/par',
        '/oidc/userinfo',
        '/oidc/token/introspection',
        '/oidc/token/revocation',
      ],
      ...['/oidc/logout', '/oidc/logout/confirm', '/oidc/logout/answer', '/oidc/logout/onward', '/registrierung'],
      ...[
        '/aktivierung/x',
        '/anmeldung/x/passwort',
        '/hooks/sms-receipts/abc',
        '/hooks/email-bounces',
        '/dev/clock',
        '/hilfe',
      ],
    ]
    await Promise.all(
      addresses.flatMap((path) =>
        [
          ['Content-Length: 100', 'a=b'],
          ['Transfer-Encoding: chunked', '5\r\na=b'],
        ].flatMap(([length, body = '']) =>
          ['application/x-www-form-urlencoded', 'application/json'].map((type) => {
            const headers = ['Host: localhost', 'Expect: 100-continue', `Content-Type: ${type}`, length]
            return leave(`POST ${path} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n`, body, reset)
          }),
        ),
      ),
    )
    const id = String((await send('/hilfe')).headers['x-request-id'])
    await waitFor(() => child.out().includes(id))
    const log = child.out().slice(before)
    expect(log).toMatch(/"method":"POST","path":"\/oidc\/token"/)
    expect(log).not.toMatch(/"level":"(error|fatal)"|"status":5/)
  })
})

describe('a method', () => {
  it.each(['/', '/hilfe', '/registrierung', '/aktivierung/abc'])(
    'that a page does not have is named: %s',
    async (path) => {
      for (const method of ['PUT', 'DELETE', 'PATCH', 'TRACE', 'PROPFIND']) {
        const answer = await send(path, { method })
        await expectPage(answer, 405, 'nicht verstanden')
        expect(answer.headers.allow).toMatch(/GET.*OPTIONS/)
      }
      const asked = await send(path, { method: 'OPTIONS' })
      expect([asked.status, asked.body]).toEqual([204, ''])
      expect(asked.headers.allow).toMatch(/^(HEAD, GET|GET, HEAD).*OPTIONS$/)
    },
  )

  it('is looked at before a form or a cookie', async () => {
    await expectPage(await send('/hilfe', { method: 'POST', body: 'a=b' }), 405, 'nicht verstanden')
    await expectPage(await send('/gibtesnicht', { method: 'POST', body: 'a=b' }), 404, 'gibt es nicht')
    const hook = await send('/hooks/gibtesnicht', {
      method: 'POST',
      body: 'a=b',
      headers: { Accept: '*/*' },
    })
    expect([hook.status, JSON.parse(hook.body).error]).toEqual([404, 'not_found'])
  })

  it('of a load balancer finds the service', async () => {
    for (const line of ['GET /health/live', 'HEAD /health/live', 'HEAD /', 'OPTIONS /', 'GET /health/ready'])
      for (const version of ['1.0\r\n', '1.1\r\nHost: 10.0.0.7:3000\r\n'])
        expect([line, (await write(`${line} HTTP/${version}Connection: close\r\n\r\n`)).status]).toEqual([
          line,
          line.startsWith('OPTIONS') ? 204 : 200,
        ])
  })
})

describe('work', () => {
  const median = (numbers: number[]) => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0
  const timed = async (call: () => Promise<unknown>) => {
    const begun = performance.now()
    await call()
    return performance.now() - begun
  }
  const query =
    (path: string, item: (i: number) => string, by = '&') =>
    (n: number) =>
      send(`${path}${path.includes('?') ? by : '?'}${many(n, item, by)}`)
  const header = (name: string, item: (i: number) => string, by: string) => (n: number) =>
    send('/hilfe', { headers: { [name]: many(n, item, by) } })
  const body =
    (path: string, item: (i: number) => string, by = '&') =>
    (n: number) =>
      send(path, { method: 'POST', body: many(n, item, by) })
  const auth = '/oidc/auth?client_id=demo-portal&response_type=code&redirect_uri=x'

  /** Half of what is let through and all of it, in elements. */
  const kinds: Record<string, [number, (n: number) => Promise<Answer>]> = {
    'names in a query': [50, query('/hilfe', (i) => `p${i}=x`)],
    'names that are too many': [3500, query('/hilfe', () => 'a')],
    'values of one name': [50, query('/hilfe', () => 'lang=de')],
    'values of one name at the provider': [45, query(auth, () => 'scope=openid')],
    'languages asked for': [1300, query('/hilfe?ui_locales=', () => 'xx', '+')],
    blanks: [4000, query('/hilfe?ui_locales=', () => '', '+')],
    'languages asked for at the provider': [1300, query(`${auth}&ui_locales=`, () => 'xx', '+')],
    scopes: [1300, query(`${auth}&scope=openid`, (i) => `s${i % 9}`, '+')],
    claims: [700, query(`${auth}&scope=openid&claims=%7B%22userinfo%22:%7B`, (i) => `%22c${i % 9}%22:null`, ',')],
    percents: [2600, query('/hilfe', () => '%E4', '')],
    cookies: [30, header('Cookie', (i) => `c${i}=x`, '; ')],
    languages: [50, header('Accept-Language', (i) => `x${i}`, ',')],
    types: [50, header('Accept', (i) => `a/x${i}`, ',')],
    proxies: [50, header('X-Forwarded-For', (i) => `10.0.0.${i}`, ', ')],
    'parts of Authorization': [4000, header('Authorization', () => 'x', ' ')],
    'parts of DPoP': [4000, header('DPoP', () => 'x', '.')],
    'fields of a form': [50, body('/registrierung', (i) => `p${i}=x`)],
    'parameters of a token request': [50, body('/oidc/token', (i) => `p${i}=x`)],
    'scopes of a token request': [14_000, body('/oidc/token', (i) => (i ? 'x' : 'grant_type=x&scope=x'), '+')],
    'parts of a path': [500, (n) => send(`/${many(n, () => 'x', '/')}`)],
  }

  it.each(Object.entries(kinds))('of %s grows with their number', async (_kind, [n, call]) => {
    for (let turn = 0; turn < 5; turn++)
      for (const size of [n, 2 * n]) expect((await call(size)).status).toBeLessThan(500)
    const [plain, half, whole]: [number[], number[], number[]] = [[], [], []]
    for (let turn = 0; turn < 15; turn++) {
      plain.push(await timed(() => send('/hilfe')))
      half.push(await timed(() => call(n)))
      whole.push(await timed(() => call(2 * n)))
    }
    // A millisecond is what a machine with others on it takes or leaves; a square would be four times as much.
    expect(median(whole)).toBeLessThan(2.5 * median(half) + 1)
    // Milliseconds; on a machine with others on it a page without anything takes its share of them.
    expect(Math.min(...whole)).toBeLessThan(Math.max(20, 8 * Math.min(...plain)))
  })
})
