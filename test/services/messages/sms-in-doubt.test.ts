import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createSmsRouter } from '../../../src/gateways/sms/router.ts'
import { createSmppSmsDriver } from '../../../src/gateways/sms/smpp/smpp.ts'
import { createDeliveryService } from '../../../src/services/messages/deliveries.ts'
import { createSmsReceiptService } from '../../../src/services/messages/sms-receipts.ts'
import { type SmppServer, startSmppServer } from '../../support/servers/smpp.ts'
import { createServiceWorld, type ServiceWorld } from '../../support/services.ts'
import { describeOnServer, sixteenTimes } from '../../support/stores/databases.ts'
import { waitFor } from '../../support/wait.ts'

const rule = { timeout: 10, firstRetry: 1, longestRetry: 1, giveUpAfter: 300 }

/**
 * A centre that took the message and answered after five seconds got the same code six times in 72 seconds, because each try that
 * ran out of time was followed by the next.
 */
describeOnServer('an SMS whose gateway does not say in time whether it took it', (database) => {
  let world: ServiceWorld
  let centre: SmppServer
  let router: ReturnType<typeof createSmsRouter>
  let deliveries: ReturnType<typeof createDeliveryService>
  let receipts: ReturnType<typeof createSmsReceiptService>
  const log = { info() {}, warn() {}, error() {} }

  beforeEach(async () => {
    world = createServiceWorld(database())
    await world.empty()
    for (const table of ['sms_receipts', 'sms_early_receipts']) await database()(table).delete()
    centre = await startSmppServer()
    const { stores, transaction, clock } = world
    receipts = createSmsReceiptService({
      ...{ receipts: stores.smsReceipts, clock, log, receiptIds: () => 'auto' as const },
      signInLimits: { inAll: 1e9, to: () => 1e9 },
      alert: async () => {},
    })
    const driver = createSmppSmsDriver(
      {
        ...{
          host: '127.0.0.1',
          port: centre.port,
          tls: undefined,
          systemId: 'aok',
          password: 'secret',
          systemType: '',
        },
        ...{ window: 10, timeout: 400, enquireLink: 30_000, numberRefused: [], alphabet: 'gsm' },
      },
      { received: (receipt) => receipts.received('near', receipt), passed() {}, bound() {}, away() {} },
    )
    router = createSmsRouter({
      gateways: [{ name: 'near', driver, price: () => 0, sender: () => 'AOK' }],
      route: () => ['near'],
      afterUnknown: 'next',
      breaker: { failures: 0.5, minimum: 100, window: 30_000, pause: 10_000 },
      clock,
      goesOut: (id) => stores.messageClaims.goesOut(id, 2),
      stayedHere: stores.messageClaims.stayedHere,
      attempted: receipts.attempted,
      async answeredLate({ sms, gateway, answer, record }) {
        if (record) await receipts.answeredLate(record, gateway, answer)
        await deliveries.answeredLate(sms.id, answer)
      },
      breakerChanged() {},
    })
    deliveries = createDeliveryService({
      ...{ stores, transaction, clock, log },
      alerts: { raise: async () => true },
      bounces: { refused: async () => {}, comesBack: async () => false } as never,
      rules: { sms: { ...rule, repeatInDoubt: 40 }, email: rule, backchannel_logout: rule },
      sms: router,
      email: {} as never,
      renderMail: () => ({}) as never,
      sendLogoutToken: async () => {},
    })
  })
  afterEach(async () => {
    await router.close()
    await centre.close()
  })

  async function write(): Promise<string> {
    const id = randomUUID()
    const createdAt = world.clock.now()
    const payload = { to: '+4915112345671', text: 'mTAN', country: 'DE', purpose: 'signIn' }
    const expiresAt = new Date(createdAt.getTime() + 300_000)
    await world.stores.messages.add({ id, kind: 'sms', payload, expiresAt, createdAt })
    return id
  }
  /** One try, if the message is due. */
  async function attempt(): Promise<boolean> {
    const [message] = await deliveries.claim(['sms'], 1, 60)
    if (message) await deliveries.deliver(message)
    return message !== undefined
  }
  const row = () => database()('messages').first()
  const record = () => database()('sms_receipts').orderBy('id', 'desc').first()
  const beDue = () => database()('messages').update({ due_at: database().raw("now() - interval '1 second'") })

  it('is delivered by the late answer, once, with its id: the receipt finds it', async () => {
    centre.behave({ status: 0, delay: 1200 })
    await write()
    await attempt()
    expect(await row()).toMatchObject({ delivered_at: null, failure: 'SmsFailure TIMEOUT' })
    // It waits for the answer instead of going out again.
    expect(await attempt()).toBe(false)
    await waitFor(async () => (await row()).delivered_at !== null)
    expect(await row()).toMatchObject({ payload: null, failed_at: null })
    expect(await record()).toMatchObject({ state: 'accepted', failure: null })
    expect(await centre.receipt('M1', 'DELIVRD')).toBe(0)
    expect(await record()).toMatchObject({ state: 'delivered' })
    expect(centre.messages).toHaveLength(1)
  })

  it('that was refused late goes out again at once, and the refusal counts for nothing', async () => {
    centre.behave({ status: 0x08, delay: 900 })
    await write()
    await attempt()
    await waitFor(async () => (await row()).hand_overs === 0)
    centre.behave({ status: 0 })
    await waitFor(attempt)
    expect(await row()).toMatchObject({ delivered_at: expect.any(Date), hand_overs: 1 })
  })

  it('whose connection is gone goes out again at once', async () => {
    centre.behave('hang')
    await write()
    await attempt()
    expect(await attempt()).toBe(false)
    centre.behave({ status: 0 })
    centre.breakConnections()
    await waitFor(async () => (await attempt()) && (await row()).delivered_at !== null)
    expect(centre.messages).toHaveLength(2)
  })

  it('goes out twice at most, however often it is tried', async () => {
    centre.behave('hang')
    await write()
    for (let n = 0; n < 6; n++) {
      await attempt()
      await beDue()
    }
    expect(centre.messages).toHaveLength(2)
    expect(await row()).toMatchObject({ hand_overs: 2, delivered_at: null, failure: 'SmsFailure WENT_OUT_TWICE' })
  })

  it('is counted before it goes out: of 16 at once two may', async () => {
    const id = await write()
    const { messageClaims } = world.stores
    const allowed = await sixteenTimes(() => messageClaims.goesOut(id, 2))
    expect(allowed.filter(Boolean)).toHaveLength(2)
    await messageClaims.deliveredLate(id, world.clock.now())
    await messageClaims.stayedHere(id)
    expect(await messageClaims.goesOut(id, 2)).toBe(false)
  })

  it('is delivered once by 16 late answers', async () => {
    const id = await write()
    const noted = await sixteenTimes(() => world.stores.messageClaims.deliveredLate(id, world.clock.now()))
    expect(noted.filter(Boolean)).toEqual([{ kind: 'sms', attempts: 0, createdAt: world.clock.now() }])
  })

  it('has its receipt before its answer, on one line: the centre holds the answer back until the receipt is answered', async () => {
    centre.behave({ status: 0, delay: 300 })
    await write()
    const trying = attempt()
    await waitFor(() => centre.messages.length === 1)
    // In decimal, where the answer has M…: the id of the answer decides which it was.
    expect(await centre.receipt('M1', 'DELIVRD')).toBe(0)
    expect(await database()('sms_early_receipts').pluck('gateway')).toEqual(['near'])
    await trying
    expect(await record()).toMatchObject({ state: 'delivered' })
    expect(await database()('sms_early_receipts')).toEqual([])
  })
})
