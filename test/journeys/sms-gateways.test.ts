import { createHmac } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { smsReceipts } from '../../src/cli/commands/sms.ts'
import { runCli } from '../../src/cli/frame.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { createClient, ownAddress, type Page } from '../support/client.ts'
import { copyConfig } from '../support/config-folder.ts'
import { hasOpenssl } from '../support/machine/programs.ts'
import { words } from '../support/refusal.ts'
import { type SmppServer, startSmppServer } from '../support/servers/smpp.ts'
import { makeSelfSigned } from '../support/servers/smpp-certificate.ts'
import { type SmsHttpServer, startSmsHttpServer } from '../support/servers/sms-http.ts'
import { ask } from '../support/stores/database.ts'
import { waitFor } from '../support/wait.ts'
import { begin, enterCredentials, enterPassword, lena, somebody } from '../support/walk.ts'

const folder = mkdtempSync(join(tmpdir(), 'aok-sms-'))
const secrets = { SMS_TOKEN: 'token', SMS_PASSWORD: 'secret', SMS_RECEIPTS: 'receipts' }

/** Two gateways at 40 cents, HTTP before SMPP over TLS, and one euro a day for registrations. */
function writeConfig(cert: string): string {
  copyConfig(folder)
  const limits = join(folder, 'config/limits.yaml')
  writeFileSync(limits, readFileSync(limits, 'utf8').replace('countries: { DE: 2000 }', 'countries: { DE: 1 }'))
  writeFileSync(join(folder, 'config/smsc.pem'), cert)
  writeFileSync(
    join(folder, 'config/sms.yaml'),
    `gateways:
  first:
    driver: http
    url: ${http.url}
    headers: { Authorization: { from: env:SMS_TOKEN, prefix: 'Bearer ' } }
    body: { type: json, fields: { to: '{{to}}', text: '{{text}}' } }
    messageId: id
    timeout: 0.7
    price: 40
    receipts:
      authentication: { type: hmac, secret: { from: env:SMS_RECEIPTS }, header: X-Signature, timestampHeader: X-Timestamp }
      list: results
      messageId: id
      state: status
      states: { delivered: [DELIVERED], undelivered: [FAILED] }
  second:
    driver: smpp
    url: smpps://127.0.0.1:${smpp.port}
    ca: smsc.pem
    systemId: aok
    password: { from: env:SMS_PASSWORD }
    price: 40
routes:
  - { countries: '*', gateways: [first, second] }
`,
  )
  return join(folder, 'config')
}

let app: TestApp
let http: SmsHttpServer
let smpp: SmppServer
describe.skipIf(!hasOpenssl())('two SMS gateways', () => {
  beforeAll(async () => {
    const tls = makeSelfSigned()
    http = await startSmsHttpServer()
    smpp = await startSmppServer({ tls })
    app = await startTestApp({ SMS_DRIVER: 'gateways', CONFIG_DIR: writeConfig(tls.cert), ...secrets })
  })
  afterAll(async () => {
    await app?.close()
    await smpp?.close()
    http?.close()
    rmSync(folder, { recursive: true })
  })
  beforeEach(() => {
    http.behave({ status: 202, answer: { id: 'H1' } })
    http.requests.length = 0
  })

  type Row = { message_id: string; account_id: string | null; gateway: string; state: string; purpose: string }
  const rows = () => ask<Row>(app, 'select * from sms_receipts order by id')
  const at = (page: Page) => new URL(page.url).pathname
  const codeOf = (text: string) => /#(\d{6})$/.exec(text.trim())?.[1] ?? ''
  const byHttp = () => waitFor(() => http.requests.map(({ body }) => codeOf(JSON.parse(body).text)).at(-1), 10)
  /** The code of the message that the centre gets after the `known` first ones. */
  const bySmpp = (known: number) =>
    waitFor(() => {
      const { parameters } = smpp.messages[known] ?? {}
      return parameters && codeOf(String((parameters.short_message as { message: unknown }).message))
    }, 10)

  async function toMtan() {
    const client = createClient(ownAddress())
    const person = somebody('A123456780')
    await enterCredentials(client, app, person)
    return { client, page: await client.submit({ email: person.email, mobile: person.mobile }) }
  }

  async function signIn() {
    const client = createClient(ownAddress())
    await begin(client, app)
    await enterPassword(client, lena)
    return client
  }

  const call = (content: unknown, { gateway = 'first', secret = secrets.SMS_RECEIPTS, at: time = Date.now() } = {}) => {
    const body = typeof content === 'string' ? content : JSON.stringify(content)
    const timestamp = String(Math.floor(time / 1000))
    const signature = createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')
    const headers = { 'Content-Type': 'application/json', 'X-Timestamp': timestamp, 'X-Signature': signature }
    return fetch(`${app.issuer}/hooks/sms-receipts/${gateway}`, { method: 'POST', headers, body })
  }
  const delivered = (id: string) => ({ results: [{ id, status: 'DELIVERED' }] })

  it('registers a member through the second gateway while the first is down, and takes its receipt over SMPP', async () => {
    http.behave({ status: 503 })
    const { client } = await toMtan()
    expect(at(await client.submit({ mtan: await bySmpp(0) }))).toBe('/registrierung/fertig')
    expect(http.requests).toHaveLength(1)
    await waitFor(async () => (await rows()).length === 1)
    expect((await rows())[0]).toMatchObject({ gateway: 'second', state: 'accepted', purpose: 'registration' })
    expect(await smpp.receipt(smpp.messages[0]?.id ?? '', 'UNDELIV')).toBe(0)
    expect((await rows())[0]).toMatchObject({ state: 'undelivered', failure: 'ERR_012' })
  })

  it('signs a member in through the first, and takes its signed receipt', async () => {
    const client = await signIn()
    expect(new URL((await client.submit({ mtan: await byHttp() })).url).origin).toBe(app.demo)
    expect(http.requests[0]?.headers.authorization).toBe('Bearer token')
    await waitFor(async () => (await rows()).at(-1)?.gateway === 'first')
    for (const refused of [
      await call(delivered('H1'), { secret: 'other' }),
      await call(delivered('H1'), { at: Date.now() - 301_000 }),
      await call(delivered('H1'), { gateway: 'second' }),
      await call(delivered('H1'), { gateway: 'third' }),
    ])
      expect([refused.status, await refused.text()]).toEqual([401, ''])
    expect((await call('{')).status).toBe(400)
    expect((await call('x'.repeat(70_000))).status).toBe(413)
    expect((await rows()).at(-1)?.state).toBe('accepted')
    const taken = await call(delivered('H1'))
    expect([taken.status, taken.headers.get('set-cookie')]).toEqual([204, null])
    expect((await call(delivered('unknown'))).status).toBe(204)
    expect((await rows()).at(-1)).toMatchObject({ state: 'delivered', purpose: 'signIn' })
  })

  it('shows support what became of the SMS of an account', async () => {
    const accountId = (await rows()).at(-1)?.account_id ?? ''
    const printed: string[] = []
    const io = { variables: app.storage, out: (text: string) => void printed.push(text), err: () => {} }
    expect(await runCli([smsReceipts], ['sms:receipts', accountId, '--json'], io)).toBe(0)
    expect(JSON.parse(printed.join('')).receipts).toMatchObject([
      { gateway: 'first', country: 'DE', state: 'delivered' },
    ])
    expect(printed.join('')).not.toContain(lena.mobile.slice(1))
    expect(await runCli([smsReceipts], ['sms:receipts', 'lena.huber'], io)).toBe(2)
  })

  it('asks the second when the first hangs, and counts that the SMS may have arrived twice', async () => {
    http.behave('hang')
    const known = smpp.messages.length
    const client = await signIn()
    const code = await bySmpp(known)
    expect(await byHttp()).toBe(code)
    expect(new URL((await client.submit({ mtan: code })).url).origin).toBe(app.demo)
    const [one, other] = await waitFor(async () => {
      const last = (await rows()).slice(-2)
      return last[1]?.message_id === last[0]?.message_id && last
    })
    expect([one?.gateway, one?.state, other?.gateway, other?.state]).toEqual(['first', 'unknown', 'second', 'accepted'])
  })

  it('stops registrations when their budget is spent, tells operators, and lets members sign in', async () => {
    await toMtan()
    await byHttp()
    http.requests.length = 0
    const { page } = await toMtan()
    expect(at(page)).toBe('/registrierung/mtan')
    expect(words(page)).not.toMatch(/undefined|errors\./)
    const alerts = await ask<{ data: unknown }>(app, "select data from audit_events where type = 'operators_alerted'")
    expect(alerts.map(({ data }) => data)).toEqual([
      { kind: 'sms_budget', detail: 'purpose: registration, country: DE' },
    ])
    const client = await signIn()
    expect(new URL((await client.submit({ mtan: await byHttp() })).url).origin).toBe(app.demo)
    expect(http.requests).toHaveLength(1)
    await app.advance('P1D')
    await toMtan()
    await waitFor(() => http.requests.length === 2)
  })
})
