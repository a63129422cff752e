import { afterEach, describe, expect, it } from 'vitest'
import { createHttpSmsDriver, type HttpSmsSettings } from '../../src/gateways/sms/http.ts'
import { plainHttpGateway } from '../../src/gateways/sms/sms.ts'
import { type SmsHttpBehaviour, type SmsHttpServer, startSmsHttpServer } from '../support/servers/sms-http.ts'

let server: SmsHttpServer | undefined
afterEach(() => server?.close())

const sms = {
  id: 'message-2',
  to: '+4915112345671',
  text: '123456 ist Ihre mTAN für "Ä&=€"\n@localhost #123456',
  sender: 'MeineAOK',
  validFor: 300,
}

async function start(behaviour?: SmsHttpBehaviour, changes: Partial<HttpSmsSettings> = {}) {
  server = await startSmsHttpServer(behaviour)
  const settings: HttpSmsSettings = {
    url: server.url,
    method: 'POST',
    headers: {},
    body: { type: 'json', fields: { text: '{{text}}' } },
    answers: [],
    timeout: 1000,
    ...changes,
  }
  return { server, driver: createHttpSmsDriver(settings) }
}

describe('the plain gateway of SMS_GATEWAY_URL', () => {
  it('gets JSON and a key that makes a repeat harmless', async () => {
    server = await startSmsHttpServer()
    expect(await plainHttpGateway(server.url).submit(sms)).toMatchObject({ outcome: 'accepted' })
    const [request] = server.requests
    expect(request?.method).toBe('POST')
    expect(JSON.parse(request?.body ?? '')).toEqual({ id: sms.id, to: sms.to, text: sms.text })
    expect(request?.headers).toMatchObject({ 'idempotency-key': 'message-2', 'content-type': 'application/json' })
  })
})

describe('a body', () => {
  it('as JSON keeps every value in its place, whatever it holds', async () => {
    const fields = {
      messages: [
        { to: '{{digits}}', from: '{{sender}}', body: 'x {{text}}', ref: '{{id}}', ttl: 5, flash: false, n: null },
      ],
    }
    const { driver } = await start(undefined, { body: { type: 'json', fields }, method: 'PUT' })
    const text = '"}],"to":"+1" {{to}} \\'
    await driver.submit({ ...sms, text })
    expect(server?.requests[0]?.method).toBe('PUT')
    expect(JSON.parse(server?.requests[0]?.body ?? '')).toEqual({
      messages: [
        { to: '4915112345671', from: 'MeineAOK', body: `x ${text}`, ref: 'message-2', ttl: 5, flash: false, n: null },
      ],
    })
  })

  it('as a form too', async () => {
    const fields = { number: '{{to}}', text: '{{text}}', validity: '{{validFor}}' }
    const { driver } = await start(undefined, { body: { type: 'form', fields } })
    await driver.submit({ ...sms, text: 'a&number=+1 €' })
    const body = new URLSearchParams(server?.requests[0]?.body)
    expect([...body]).toEqual([
      ['number', sms.to],
      ['text', 'a&number=+1 €'],
      ['validity', '300'],
    ])
    expect(server?.requests[0]?.headers['content-type']).toMatch(/^application\/x-www-form-urlencoded/)
  })
})

describe('an answer', () => {
  it.each([
    [200, 'accepted'],
    [202, 'accepted'],
    [400, 'gateway_refused'],
    [401, 'gateway_refused'],
    [307, 'gateway_refused'],
    [429, 'throttled'],
    [408, 'temporary'],
    [502, 'temporary'],
    [503, 'temporary'],
    // A proxy that did not wait as long as the gateway took.
    [504, 'unknown'],
    [524, 'unknown'],
  ] as const)('%i means %s where nothing else is set', async (status, outcome) => {
    const { driver } = await start({ status, headers: { Location: 'http://127.0.0.1:9/' } })
    expect(await driver.submit(sms)).toMatchObject({ outcome })
  })

  it('is read by the rules of the settings, the first that fits', async () => {
    const { driver, server } = await start(undefined, {
      messageId: 'messages.0.id',
      answers: [
        { status: ['4xx'], field: 'error.code', matches: '^(21211|21614)$', outcome: 'number_refused' },
        { status: ['200'], field: 'messages.0.status', matches: '^REJECTED', outcome: 'gateway_refused' },
        { status: ['200'], matches: 'queue is full', outcome: 'throttled' },
      ],
    })
    const answer = async (status: number, content: unknown) => {
      server.behave({ status, answer: content })
      return await driver.submit(sms)
    }
    expect(await answer(400, { error: { code: 21211 } })).toEqual({ outcome: 'number_refused', failure: 'HTTP_400' })
    expect(await answer(400, { error: { code: 1 } })).toMatchObject({ outcome: 'gateway_refused' })
    expect(await answer(200, { messages: [{ id: 'x', status: 'REJECTED_CREDIT' }] })).toMatchObject({
      outcome: 'gateway_refused',
    })
    expect(await answer(200, 'our queue is full')).toMatchObject({ outcome: 'throttled' })
    expect(await answer(200, { messages: [{ id: 'abc-1', status: 'SENT' }] })).toEqual({
      outcome: 'accepted',
      gatewayMessageId: 'abc-1',
    })
    expect(await answer(200, 'OK')).toEqual({ outcome: 'accepted', gatewayMessageId: undefined })
  })

  it('that repeats number and text is not repeated in the failure', async () => {
    const { driver } = await start({ status: 400, answer: { detail: `${sms.to} ${sms.text}` } })
    expect(JSON.stringify(await driver.submit(sms))).not.toMatch(/4915112345671|123456/)
  })

  it('without end is not read to the end', async () => {
    const { driver } = await start({ status: 200, answer: 'x'.repeat(5_000_000) })
    expect(await driver.submit(sms)).toMatchObject({ outcome: 'accepted' })
  })
})

describe('a fault', () => {
  it('after the message was handed over leaves it unknown whether it goes out', async () => {
    const { driver, server } = await start('hang', { timeout: 200 })
    expect(await driver.submit(sms)).toEqual({ outcome: 'unknown', failure: 'TIMEOUT' })
    server.behave('drop')
    expect(await driver.submit(sms)).toMatchObject({ outcome: 'unknown' })
    server.behave({ status: 200, delay: 400 })
    expect(await driver.submit(sms)).toMatchObject({ outcome: 'unknown' })
  })

  it('before that is certain', async () => {
    const { driver, server } = await start()
    server.close()
    expect(await driver.submit(sms)).toEqual({ outcome: 'temporary', failure: 'ECONNREFUSED' })
  })
})

it.each([
  ['the plain gateway', (url: string) => plainHttpGateway(url)],
  ['a gateway of sms.yaml', (url: string) => createHttpSmsDriver({ ...redirecting, url })],
])('number and code go to no address that %s redirects to', async (_, create) => {
  const elsewhere = await startSmsHttpServer()
  try {
    server = await startSmsHttpServer({ status: 307, headers: { Location: elsewhere.url } })
    expect(await create(server.url).submit(sms)).toEqual({ outcome: 'gateway_refused', failure: 'HTTP_307' })
    expect(elsewhere.requests).toEqual([])
  } finally {
    elsewhere.close()
  }
})

const redirecting: Omit<HttpSmsSettings, 'url'> = {
  method: 'POST',
  headers: {},
  answers: [],
  timeout: 1000,
  body: { type: 'json', fields: { text: '{{text}}' } },
}
