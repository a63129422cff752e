import { randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Email } from '../../../src/gateways/email/email.ts'
import type { Sms } from '../../../src/gateways/sms/sms.ts'
import { createBounceService } from '../../../src/services/messages/bounces.ts'
import { claimReserve, createDeliveryService } from '../../../src/services/messages/deliveries.ts'
import type { Alert } from '../../../src/services/operation/alerts.ts'
import type { ClaimedMessage } from '../../../src/stores/messages/message-claims.ts'
import { newAccount } from '../../support/members.ts'
import { createServiceWorld, type ServiceWorld } from '../../support/services.ts'
import { describeOnDatabase } from '../../support/stores/databases.ts'

const rule = { timeout: 2, firstRetry: 2, longestRetry: 30, giveUpAfter: 300 }
const timeout = 10

describeOnDatabase('the delivery of a message', (database) => {
  let world: ServiceWorld
  /** What the gateways got, and how they answer. */
  let sent: (Sms | Email)[]
  let answer: (signal?: AbortSignal) => Promise<void>
  let alerts: Alert[]
  let relayFaults: string[]
  beforeEach(async () => {
    world = createServiceWorld(database())
    await world.empty()
    sent = []
    alerts = []
    relayFaults = []
    answer = async () => {}
  })

  function service(clock = world.clock) {
    const { stores, transaction } = world
    const take = async (message: Sms | Email, signal?: AbortSignal) => {
      sent.push(message)
      await answer(signal)
    }
    return createDeliveryService({
      ...{ stores, transaction, clock },
      log: { warn() {}, error() {} },
      alerts: { raise: async (_unit, alert) => alerts.push(alert) > 0 },
      bounces: createBounceService({ stores, transaction, clock }),
      observeRelay: (fault) => relayFaults.push(fault),
      rules: { sms: { ...rule, timeout }, email: rule, backchannel_logout: rule },
      sms: { send: take },
      email: { send: take, close() {} } as never,
      renderMail: () => ({ subject: 's', text: 't', html: 'h' }) as never,
      sendLogoutToken: async () => {},
    })
  }

  async function written(
    kind: 'sms' | 'email',
    changes: { seconds?: number; accountId?: string; lease?: number } = {},
  ) {
    const now = world.clock.now()
    const { seconds, accountId, lease = 60 } = changes
    const expiresAt = seconds === undefined ? null : new Date(now.getTime() + seconds * 1000)
    const payload =
      kind === 'sms'
        ? { to: '+4915112345671', text: 'mTAN', country: 'DE', purpose: 'signIn' }
        : { template: 'letterPosted', to: 'erika@example.org', language: 'de', params: {} }
    const common = { id: randomUUID(), kind, payload, expiresAt, createdAt: now }
    await world.stores.messages.add({ ...common, ...(accountId && { accountId, recipient: 'erika@example.org' }) })
    const [claimed] = await service().claim([kind], 10, lease)
    return claimed as ClaimedMessage
  }
  const row = async () => await database()('messages').first()
  const ended = (failure: string) => ({ failure, payload: null, claim: null, failed_at: expect.any(Date) })

  it('is noted and blanked', async () => {
    const message = await written('sms', { seconds: 300 })
    await service().deliver(message)
    expect(sent).toMatchObject([{ id: message.id, to: '+4915112345671', expiresAt: message.expiresAt }])
    expect(await row()).toMatchObject({ payload: null, claim: null, delivered_at: world.clock.now() })
  })

  it('does not begin for an mTAN that would arrive after its end, and operators are told', async () => {
    const message = await written('sms', { seconds: 300 })
    world.clock.forward(300 - timeout)
    await service().deliver(message)
    expect(sent).toEqual([])
    expect(await row()).toMatchObject(ended('expired'))
    expect(alerts).toEqual([{ kind: 'delivery_given_up', detail: { message: 'sms' } }])
    expect(await world.events('message_undeliverable')).toEqual([{ kind: 'sms', purpose: 'mtan', reason: 'expired' }])
  })

  it('begins while the mTAN can still arrive', async () => {
    const message = await written('sms', { seconds: 300 })
    world.clock.forward(300 - timeout - 1)
    await service().deliver(message)
    expect(sent).toHaveLength(1)
  })

  it('is left to others by a process that was halted after it had claimed it', async () => {
    const message = await written('sms', { seconds: 300 })
    await service().deliver({ ...message, claimedAt: performance.now() - claimReserve * 1000 - 1 })
    expect(sent).toEqual([])
    expect(await row()).toMatchObject({ claim: message.claim, delivered_at: null, failed_at: null })
  })

  describe('that fails', () => {
    it('is tried again later, and what failed is kept as a code only', async () => {
      const message = await written('sms', { seconds: 300 })
      answer = () => Promise.reject(Object.assign(new Error('no +4915112345671 here'), { code: 'HTTP_503' }))
      await service().deliver(message)
      const after = await row()
      expect(after).toMatchObject({ failure: 'Error HTTP_503', claim: null, failed_at: null, attempts: 1 })
      expect(after.due_at.getTime()).toBeGreaterThan(Date.now())
      expect(after.payload).not.toBeNull()
    })

    it('for good ends it without an alert; an e-mail marks its address, and the next one is not sent there', async () => {
      const account = newAccount({ email: 'erika@example.org' })
      await world.stores.accounts.create(account)
      answer = () =>
        Promise.reject(Object.assign(new Error('550'), { permanent: true, responseCode: 550, reason: 'no_mailbox' }))
      await service().deliver(await written('email', { accountId: account.id }))
      expect(await row()).toMatchObject(ended('Error 550'))
      expect(await world.account(account.id)).toMatchObject({ emailBounce: { reason: 'no_mailbox' } })
      await database()('messages').delete()
      await service().deliver(await written('email', { accountId: account.id }))
      expect(sent).toHaveLength(1)
      expect(await row()).toMatchObject(ended('bounced'))
      expect(alerts).toEqual([])
    })

    it.each([
      ['refuses', 1],
      ['certificate', 1],
      ['tls', 1],
      ['credentials', 1],
      ['away', 3],
      ['silent', 3],
      ['cut', 3],
    ] as const)('by our own relay (%s) marks nobody, is tried again, and operators are told', async (fault, tries) => {
      const account = newAccount({ email: 'erika@example.org' })
      await world.stores.accounts.create(account)
      answer = () => Promise.reject(Object.assign(new Error('550'), { permanent: false, responseCode: 550, fault }))
      const message = await written('email', { accountId: account.id })
      for (let attempts = 1; attempts <= tries; attempts++) {
        expect(alerts).toEqual([])
        await database()('messages').update({ claim: message.claim })
        await service().deliver({ ...message, attempts })
      }
      expect(alerts).toEqual([{ kind: 'mail_relay_fault', detail: { fault } }])
      expect(relayFaults).toEqual(Array(tries).fill(fault))
      expect(await row()).toMatchObject({ claim: null, failed_at: null, payload: expect.anything() })
      expect(await world.account(account.id)).toMatchObject({ emailBounce: null })
    })

    it('by our own relay for now is no alert', async () => {
      answer = () => Promise.reject(Object.assign(new Error('450'), { permanent: false, fault: 'defers' }))
      await service().deliver({ ...(await written('email')), attempts: 9 })
      expect([alerts, relayFaults]).toEqual([[], ['defers']])
    })

    it('because the mailbox stays full to the end marks it, without an alert', async () => {
      const account = newAccount({ email: 'erika@example.org' })
      await world.stores.accounts.create(account)
      const full = { permanent: false, fault: 'defers', reason: 'mailbox_full' }
      answer = () => Promise.reject(Object.assign(new Error('452'), full))
      const message = await written('email', { accountId: account.id })
      await service().deliver(message)
      expect(await world.account(account.id)).toMatchObject({ emailBounce: null })
      world.clock.forward(rule.giveUpAfter)
      await database()('messages').update({ claim: message.claim })
      await service().deliver(message)
      expect(await row()).toMatchObject(ended('Error'))
      expect(await world.account(account.id)).toMatchObject({ emailBounce: { reason: 'mailbox_full' } })
      expect(alerts).toEqual([])
    })

    it('after its time is over ends it, and operators are told', async () => {
      const message = await written('email')
      answer = async () => {
        world.clock.forward(rule.giveUpAfter)
        throw Object.assign(new Error(), { code: 'ETIMEDOUT' })
      }
      await service().deliver(message)
      expect(await row()).toMatchObject(ended('Error ETIMEDOUT'))
      expect(alerts).toHaveLength(1)
    })

    describe('by hanging', () => {
      const signals: (AbortSignal | undefined)[] = []
      let arrive = () => {}
      beforeEach(() => {
        signals.length = 0
        answer = (signal) => {
          signals.push(signal)
          return new Promise((resolve) => {
            arrive = resolve
          })
        }
      })

      it('keeps its claim beyond time and lease, so that nobody sends beside it, and is noted when it goes through', async () => {
        const message = await written('email', { lease: 1 })
        const delivering = service().deliver(message)
        await setTimeout((rule.timeout + 1) * 1000 + 300)
        expect(await service().claim(['email'], 10, 1)).toEqual([])
        expect(await row()).toMatchObject({ claim: message.claim, attempts: 1 })
        arrive()
        await delivering
        expect(await row()).toMatchObject({ claim: null, payload: null, delivered_at: expect.any(Date) })
        expect(sent).toHaveLength(1)
      })

      it('for several times its time is ended and tried again later; should it go through after all it is noted', async () => {
        await service().deliver(await written('email'))
        expect(signals).toMatchObject([{ aborted: true }])
        const after = await row()
        expect(after).toMatchObject({ claim: null, failure: 'Error HANGS', delivered_at: null, failed_at: null })
        expect(after.due_at.getTime()).toBeGreaterThan(Date.now())
        arrive()
        await expect.poll(row).toMatchObject({ payload: null, delivered_at: expect.any(Date), failure: null })
      })

      it('ends when its claim is lost all the same, and counts when it goes through', async () => {
        const delivering = service().deliver(await written('email', { lease: 1 }))
        const minute = database().raw("now() + interval '1 minute'")
        await database()('messages').update({ claim: randomUUID(), claimed_until: minute })
        await expect.poll(() => signals[0]?.aborted).toBe(true)
        expect(await row()).toMatchObject({ delivered_at: null })
        arrive()
        await delivering
        expect(await row()).toMatchObject({ claim: null, payload: null, delivered_at: expect.any(Date) })
      })
    })
  })
})
