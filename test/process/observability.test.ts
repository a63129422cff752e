import { request as httpRequest } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { backends } from '../support/app.ts'
import { createClient, ownAddress } from '../support/client.ts'
import { type Child, toApp } from '../support/machine/child.ts'
import { createProcessWorld } from '../support/machine/processes.ts'
import { startCollector } from '../support/servers/otlp.ts'
import { freePort } from '../support/servers/processes.ts'
import { type Own, takeRedisDatabase } from '../support/stores/server-database.ts'
import { makeActive, signInAgain, somebody } from '../support/walk.ts'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const proxyId = '7b1c6f0e-55a2-4c55-9b5a-0d8a7f3f2a11'

let world: Awaited<ReturnType<typeof createProcessWorld>>
let redis: Own
let collector: Awaited<ReturnType<typeof startCollector>>
let child: Child
/** Asks for a page under another host, over a scheme that is claimed. */
function visitAs(host: string, issuer: string): Promise<unknown> {
  const headers = { Host: host, 'X-Forwarded-Proto': 'erika', Forwarded: 'proto=erika' }
  return new Promise((resolve, reject) => {
    const call = httpRequest(`${issuer}/hilfe`, { headers }, (answer) => answer.resume().on('end', resolve))
    call.on('error', reject).end()
  })
}

/** What the walk used and made: numbers, names, codes, tokens, cookies. */
const secrets = new Map<string, string>()
let metrics = ''
let answered = ''

describe.skipIf(!backends.includes('servers'))('one process', () => {
  /** One process that shows everything it can show, while a member registers, signs in for the first time, and again. */
  beforeAll(async () => {
    world = await createProcessWorld()
    redis = await takeRedisDatabase()
    collector = await startCollector()
    const metricsPort = await freePort()
    child = world.start({
      NODE_ENV: 'development',
      REDIS_URL: redis.url,
      LOG_LEVEL: 'trace',
      TRUST_PROXY: 'true',
      IP_LIMIT_FACTOR: '1000',
      METRICS_PORT: String(metricsPort),
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_BSP_SCHEDULE_DELAY: '200',
    })
    const app = toApp(await child.ready, world.dataDir)
    const person = somebody('A123456780')
    await makeActive(app, person)
    await signInAgain(createClient(ownAddress()), app, person)
    await createClient(ownAddress()).get(`${app.issuer}/anmeldung/unknown-uid-of-somebody/passwort`)
    for (const [name, value] of Object.entries(person)) secrets.set(name, String(value))
    secrets.set('family name', 'Mustermann')
    const letters = await app.inbox.list('letter', person.insuranceNumber)
    const items = [
      ...letters,
      ...(await app.inbox.list('email', person.email)),
      ...(await app.inbox.list('sms', person.mobile)),
    ]
    for (const { id, code, link } of items) {
      if (code) secrets.set(`code ${id}`, code)
      if (link) secrets.set(`token ${id}`, new URL(link).pathname.split('/').at(-1) ?? '')
    }
    const headers = { traceparent: `00-${traceId}-00f067aa0ba902b7-01`, 'X-Request-Id': proxyId }
    answered = String((await fetch(`${app.issuer}/hilfe`, { headers })).headers.get('x-request-id'))
    await fetch(`${app.issuer}/erika-was-here`, { headers })
    await visitAs('erika.example', app.issuer)
    metrics = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
    child.process.kill('SIGTERM')
    await child.ended
  })
  afterAll(async () => {
    await world.close()
    await redis.drop()
    await collector.close()
  })

  const linesOf = (field: string, value: string) =>
    child
      .out()
      .split('\n')
      .filter((line) => line.startsWith('{') && line.includes(`"${field}":"${value}"`))

  /** Short codes are looked for as a word of their own: six digits also stand in the middle of a hash. */
  function found(text: string): string[] {
    return [...secrets].flatMap(([name, value]) => {
      const pattern = value.length < 8 ? new RegExp(`(?<![\\w.-])${value}(?![\\w.-])`) : undefined
      return (pattern ? pattern.test(text) : text.includes(value)) ? [name] : []
    })
  }

  describe('what a process shows of a registration and two sign-ins', () => {
    it('the walk used enough to look for', () => {
      expect(secrets.size).toBeGreaterThan(10)
      expect([...secrets.values()].every((value) => value.length > 3)).toBe(true)
    })

    it('is in the log at its finest level without any of it', () => {
      const log = child.out().slice(child.out().indexOf('"msg":"ready"'))
      expect(log).toContain('"msg":"request"')
      expect(found(log + child.err())).toEqual([])
    })

    it('is in the metrics without any of it', () => {
      expect(found(metrics)).toEqual([])
      expect(metrics).not.toContain('erika')
      for (const line of [
        /audit_events_total\{type="registration_created"\} 1/,
        /audit_events_total\{type="account_activated"\} 1/,
        /audit_events_total\{type="sign_in_succeeded"\} 2/,
        /journey_steps_total\{journey="sign-in",step="password",outcome="\w+"\} 1/,
        /http_request_duration_seconds_count\{method="POST",route="\/aktivierung\/:token",status="303"\} 1/,
        /deliveries_total\{kind="sms",outcome="delivered"\} 3/,
        /redis_up\{use="artefacts"\} 1/,
      ])
        expect(metrics).toMatch(line)
    })

    it('is in the traces without any of it, under the names of routes', () => {
      const spans = collector.spans()
      expect(found(collector.text())).toEqual([])
      expect(collector.text()).not.toMatch(/erika|[?&]code=|url\.(path|query|full)|client\.address|user_agent/)
      const names = new Set(spans.map(({ name }) => name))
      for (const name of ['POST /aktivierung/:token', 'POST /anmeldung/:uid/passwort', 'POST /oidc/token', 'GET none'])
        expect(names).toContain(name)
      const uids = [...names].filter((name) => /^(GET|POST) \//.test(name) && /[A-Za-z0-9_-]{21}/.test(name))
      expect(uids).toEqual([])
      const systems = new Set(
        spans.flatMap(({ attributes }) =>
          attributes.filter(({ key }) => /^db\.system/.test(key)).map(({ value }) => value.stringValue),
        ),
      )
      expect([...systems].sort()).toEqual(['postgresql', 'redis'])
    })

    it('goes on with the trace and the id that came with the request', () => {
      expect(answered).toMatch(/^[0-9a-f-]{36}$/)
      expect(answered).not.toBe(proxyId)
      expect(
        collector
          .spans()
          .filter((span) => span.traceId === traceId)
          .map(({ name }) => name),
      ).toContain('GET /hilfe')
      expect(linesOf('proxyRequestId', proxyId).length).toBeGreaterThanOrEqual(2)
      expect(linesOf('traceId', traceId).length).toBeGreaterThanOrEqual(2)
      const refused = child
        .out()
        .split('\n')
        .find((line) => line.includes('"msg":"refused"') && line.includes(traceId))
      expect(refused).toContain('"reference"')
    })
  })

  it('sends traces as protobuf when nothing else is said, also what is left at the end', async () => {
    const other = await startCollector()
    const process = world.start({ OTEL_EXPORTER_OTLP_ENDPOINT: other.url, OTEL_SERVICE_NAME: 'service-of-the-test' })
    const { issuer } = await process.ready
    expect((await fetch(`${issuer}/hilfe?secret=geheim`)).status).toBe(200)
    process.process.kill('SIGTERM')
    expect(await process.ended).toBe(0)
    await other.close()
    expect(other.contentTypes()).toEqual(['application/x-protobuf'])
    for (const text of ['service-of-the-test', 'GET /hilfe', 'postgresql']) expect(other.text()).toContain(text)
    expect(other.text()).not.toContain('geheim')
  })
})
