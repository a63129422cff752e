import { afterEach, describe, expect, it } from 'vitest'
import { createHttpSmsDriver } from '../../src/gateways/sms/http.ts'
import { type Attempt, createSmsRouter, type RouterSettings } from '../../src/gateways/sms/router.ts'
import { SmsFailure } from '../../src/gateways/sms/sms.ts'
import { createStandingClock } from '../support/clock.ts'
import { type SmsHttpBehaviour, type SmsHttpServer, startSmsHttpServer } from '../support/servers/sms-http.ts'
import { waitFor } from '../support/wait.ts'

const servers: SmsHttpServer[] = []
let router: ReturnType<typeof createSmsRouter> | undefined
afterEach(async () => {
  await router?.close()
  for (const server of servers.splice(0)) server.close()
})

const sms = { id: 'message-2', to: '+4915112345671', text: 'mTAN\n@localhost #123456', country: 'DE' }

/** `patience`: milliseconds the first gateway has for an answer; short only where it hangs. */
async function start({ patience = 10_000, ...changes }: Partial<RouterSettings> & { patience?: number } = {}) {
  const [first, second] = [await startSmsHttpServer(), await startSmsHttpServer()]
  servers.push(first, second)
  const attempts: Attempt[] = []
  const changed: string[] = []
  const driver = ({ url }: SmsHttpServer, timeout: number) =>
    createHttpSmsDriver({
      url,
      method: 'POST',
      headers: { 'Idempotency-Key': '{{id}}' },
      body: { type: 'json', fields: { text: '{{text}}', from: '{{sender}}' } },
      answers: [{ status: ['422'], outcome: 'number_refused' }],
      timeout,
    })
  router = createSmsRouter({
    gateways: [
      {
        name: 'first',
        driver: driver(first, patience),
        price: () => 750,
        sender: (country) => (country === 'FR' ? '36184' : 'AOK'),
      },
      { name: 'second', driver: driver(second, 10_000), price: () => 800, sender: () => undefined },
    ],
    route: (country) => (country === 'AT' ? ['second', 'first'] : ['first', 'second']),
    afterUnknown: 'next',
    breaker: { failures: 0.5, minimum: 4, window: 5000, pause: 60_000 },
    clock: createStandingClock('2026-11-25T09:00:00Z'),
    goesOut: async () => true,
    stayedHere: async () => {},
    async attempted(attempt) {
      attempts.push(attempt)
      return undefined
    },
    answeredLate: async () => {},
    breakerChanged: (gateway, state, failure) => changed.push([gateway, state, failure].filter(Boolean).join(' ')),
    ...changes,
  })
  return { router, first, second, attempts, changed }
}

const failureOf = (sending: Promise<void>) =>
  sending.then(
    () => undefined,
    (error: SmsFailure) => error,
  )

describe('a message', () => {
  it('takes the route of its country, with the sender shown there', async () => {
    const { router, first, second } = await start()
    await router.send(sms)
    await router.send({ ...sms, country: 'FR' })
    await router.send({ ...sms, country: 'AT' })
    expect(first.requests.map(({ body }) => JSON.parse(body).from)).toEqual(['AOK', '36184'])
    expect(second.requests).toHaveLength(1)
  })

  it.each([
    ['refuses', { status: 401 }, 10_000],
    ['is not well', { status: 503 }, 10_000],
    ['throttles', { status: 429 }, 10_000],
    ['hangs', 'hang', 200],
    ['is slow', { status: 200, delay: 500 }, 200],
    ['breaks the connection', 'drop', 10_000],
  ] as const)(
    'falls over to the second gateway when the first %s, with the same code and key',
    async (_, behaviour, patience) => {
      const { router, first, second, attempts } = await start({ patience })
      first.behave(behaviour)
      await router.send(sms)
      expect(first.requests[0]?.headers['idempotency-key']).toBe('message-2')
      expect(second.requests[0]?.headers['idempotency-key']).toBe('message-2')
      expect(JSON.parse(second.requests[0]?.body ?? '').text).toBe(sms.text)
      expect(attempts.map(({ gateway, answer, price }) => [gateway, answer.outcome === 'accepted', price])).toEqual([
        ['first', false, 750],
        ['second', true, 800],
      ])
    },
  )

  it('to a number that takes no SMS goes to no other gateway and is not tried again', async () => {
    const { router, first, second } = await start()
    first.behave({ status: 422 })
    expect(await failureOf(router.send(sms))).toMatchObject({ code: 'HTTP_422', permanent: true })
    expect(second.requests).toHaveLength(0)
  })

  it('waits for a later try after an unknown answer where the settings say so', async () => {
    const { router, first, second } = await start({ afterUnknown: 'wait', patience: 1000 })
    first.behave('hang')
    expect(await failureOf(router.send(sms))).toMatchObject({ code: 'TIMEOUT', permanent: false })
    expect(second.requests).toHaveLength(0)
    first.behave({ status: 503 })
    await router.send(sms)
    expect(second.requests).toHaveLength(1)
  })

  it('that no gateway takes fails for now', async () => {
    const { router, first, second } = await start()
    first.behave({ status: 500 })
    second.behave({ status: 401 })
    const failure = await failureOf(router.send(sms))
    expect(failure).toBeInstanceOf(SmsFailure)
    expect(failure).toMatchObject({ code: 'HTTP_401', permanent: false })
  })

  it('too old is not sent', async () => {
    const { router, first } = await start()
    const failure = await failureOf(router.send({ ...sms, expiresAt: new Date('2026-11-25T09:00:00Z') }))
    expect(failure).toMatchObject({ code: 'expired', permanent: true })
    expect(first.requests).toHaveLength(0)
  })

  it('goes out no more often than it may, refusals not counted', async () => {
    let out = 0
    const { router, first, second } = await start({
      patience: 200,
      goesOut: async () => ++out <= 2,
      stayedHere: async () => void out--,
    })
    first.behave({ status: 503 })
    second.behave({ status: 500 })
    for (let n = 0; n < 3; n++) expect(await failureOf(router.send(sms))).toMatchObject({ inDoubt: false })
    first.behave('drop')
    second.behave('drop')
    expect(await failureOf(router.send(sms))).toMatchObject({ inDoubt: true })
    const before = [first.requests.length, second.requests.length]
    for (let n = 0; n < 3; n++)
      expect(await failureOf(router.send(sms))).toMatchObject({ code: 'WENT_OUT_TWICE', inDoubt: true })
    expect([first.requests.length, second.requests.length]).toEqual(before)
  })

  it('of sixteen at once arrives once', async () => {
    const { router, first, second } = await start()
    await Promise.all(Array.from({ length: 16 }, (_, n) => router.send({ ...sms, id: `m${n}` })))
    expect(first.requests).toHaveLength(16)
    expect(second.requests).toHaveLength(0)
  })
})

describe('the breaker of a gateway', () => {
  async function opened(behaviour: SmsHttpBehaviour, changes: Parameters<typeof start>[0] = {}) {
    const started = await start(changes)
    started.first.behave(behaviour)
    for (let n = 0; n < 4; n++) await started.router.send(sms)
    expect(started.changed).toEqual([`first open ${behaviour === 'hang' ? 'TIMEOUT' : 'HTTP_503'}`])
    return started
  }

  it('opens after failures, and then members wait for it no longer', async () => {
    const { router, first, second } = await opened('hang', { patience: 200 })
    const before = first.requests.length
    await Promise.all(Array.from({ length: 16 }, () => router.send(sms)))
    expect(first.requests).toHaveLength(before)
    expect(second.requests).toHaveLength(4 + 16)
    expect(router.away()).toEqual(['first'])
  })

  it('sends one probe after its pause, and closes when that is accepted', async () => {
    const { router, first, second, changed } = await opened('hang', {
      patience: 200,
      breaker: { failures: 0.5, minimum: 4, window: 5000, pause: 300 },
    })
    const before = first.requests.length
    await new Promise((resolve) => setTimeout(resolve, 350))
    // The probe hangs too: fifteen others do not wait for it, and it opens again.
    await Promise.all(Array.from({ length: 16 }, () => router.send(sms)))
    expect(first.requests).toHaveLength(before + 1)
    expect(second.requests).toHaveLength(4 + 16)
    first.behave({ status: 202 })
    await waitFor(async () => {
      await router.send(sms)
      return changed.includes('first closed')
    })
    expect(router.away()).toEqual([])
  })

  it('is passed by when every gateway is away: a member waits', async () => {
    const { router, first, second } = await opened({ status: 503 })
    second.behave({ status: 500 })
    for (let n = 0; n < 12; n++) await failureOf(router.send(sms))
    expect(router.away()).toEqual(['first', 'second'])
    first.behave({ status: 202 })
    await router.send(sms)
  })

  it('stays closed for a gateway that throttles, and for numbers that take no SMS', async () => {
    const { router, first, changed } = await start()
    first.behave({ status: 429 })
    for (let n = 0; n < 8; n++) await router.send(sms)
    first.behave({ status: 422 })
    for (let n = 0; n < 8; n++) await failureOf(router.send(sms))
    expect(changed).toEqual([])
  })
})
