import { randomBytes } from 'node:crypto'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { createKeyedHash } from '../../crypto/field-encryption.ts'
import type { CounterStore, Limit } from '../../gateways/limiter.ts'
import type { OneTimeCodeStore } from '../../stores/sign-in/one-time-codes.ts'
import type { OutgoingMessage, UnitOfWork } from '../../stores/transaction.ts'
import { createMtanService, type MtanOrder, type MtanSending } from './mtans.ts'

const start = new Date('2026-11-25T09:00:00.000Z')
const inSeconds = (seconds: number) => new Date(start.getTime() + seconds * 1000)
const order: MtanOrder = {
  purpose: 'registration',
  subject: 'journey:+4915112345670',
  mobile: '+4915112345670',
  country: 'DE',
  language: 'de',
  address: '203.0.113.7',
}
const signIn: MtanOrder = { ...order, purpose: 'signIn', accountId: 'account' }
const limitNames = [
  'registrationNumber',
  'registrationAddress',
  'registrationGlobal',
  'registrationSpending',
  'signInNumberHour',
  'signInNumberDay',
] as const

describe('mTANs', () => {
  const alert = vi.fn()
  const used: [string, string][] = []
  const spent: [string, string, number][] = []
  const spendingStopped = vi.fn()
  let price = 0
  let now = start
  let blockedCountry: Date | null = null
  let blocked: Partial<Record<(typeof limitNames)[number], Date>> = {}
  let share = { sent: 0, entered: 0 }
  const shareOf = vi.fn(async () => share)

  const limit = (name: (typeof limitNames)[number]): Limit => ({
    async use(key, points = 1) {
      used.push([name, key])
      if (points > 1) spent.push([name, key, points])
      return blocked[name] ?? null
    },
    exhaustedUntil: async () => blocked[name] ?? null,
    blockedUntil: async () => blocked[name] ?? null,
    giveBack: async () => {},
    reset: async () => {},
  })
  const limits = {
    ...(Object.fromEntries(limitNames.map((name) => [name, limit(name)])) as Record<
      (typeof limitNames)[number],
      Limit
    >),
    registrationNumber: (number: string) => ({
      ...limit('registrationNumber'),
      use: (address: string) => limit('registrationNumber').use(`${number} from ${address}`),
    }),
    registrationSpendingIn: (country: string) => ({
      ...limit('registrationSpending'),
      async use(key: string, points = 1) {
        spent.push([`in ${country}`, key, points])
        return blockedCountry
      },
      exhaustedUntil: async () => blockedCountry,
    }),
  }
  // Made anew for each test, because it remembers the shares of the breaker for a minute.
  const create = () =>
    createMtanService({
      rules: {
        lifetime: 300,
        tries: 3,
        resendAfter: [30, 60, 120],
        perJourney: 5,
        breaker: { minimumSends: 200, minimumShare: 0.2, window: 86_400 },
      },
      limitsOver: () => limits,
      counters: {} as CounterStore,
      codes: { share: shareOf } as unknown as OneTimeCodeStore,
      clock: { now: () => now },
      random: { bytes: (length) => randomBytes(length), int: () => 42, token: () => '' },
      hash: createKeyedHash([{ kid: 'a', secret: randomBytes(32) }]),
      smsText: (_order, code) => `text with ${code}`,
      alert,
      price: () => price,
      spendingStopped,
    })
  let service = create()
  const unit = { codes: { issue: vi.fn() }, send: vi.fn(), audit: { mtanSent: vi.fn() } } as unknown as UnitOfWork
  const prepare = (before: MtanSending | null = null, of = order) => service.prepare(of, before)
  const sending = async (before: MtanSending | null = null, of = order) => {
    const prepared = await prepare(before, of)
    if ('refused' in prepared) throw new Error(`refused: ${prepared.refused}`)
    return prepared
  }

  beforeEach(() => {
    service = create()
    now = start
    blocked = {}
    blockedCountry = null
    price = 0
    spent.length = 0
    spendingStopped.mockReset()
    share = { sent: 0, entered: 0 }
    used.length = 0
    alert.mockReset()
    shareOf.mockClear()
  })

  it('go out only with the transaction, with code, text and end of one life', async () => {
    const issue = vi.fn()
    const send = vi.fn<(message: OutgoingMessage, now: Date) => Promise<void>>()
    const mtanSent = vi.fn()
    const { sending: first, effects } = await sending(null, signIn)
    expect(first).toEqual({ sent: 1, expiresAt: inSeconds(300).toISOString(), resendAt: inSeconds(30).toISOString() })
    await effects({ codes: { issue }, send, audit: { mtanSent } } as unknown as UnitOfWork)
    expect(issue).toHaveBeenCalledWith(
      expect.objectContaining({
        code: '000042',
        tries: 3,
        subject: order.subject,
        issuedAt: start,
        expiresAt: inSeconds(300),
      }),
    )
    const payload = {
      to: order.mobile,
      text: 'text with 000042',
      country: 'DE',
      purpose: 'signIn',
      accountId: 'account',
    }
    const place = { supersedes: `mtan:signIn:${order.subject}`, accountId: 'account' }
    expect(send).toHaveBeenCalledWith({ kind: 'sms', payload, ...place, expiresAt: inSeconds(300) }, start)
    expect(mtanSent).toHaveBeenCalledWith({ at: start, accountId: 'account', purpose: 'signIn', country: 'DE' })
  })

  it('come again after 30, 60, 120 and 120 seconds, five in a journey', async () => {
    let last: MtanSending | null = null
    for (const delay of [30, 60, 120, 120]) {
      const { sending: next }: { sending: MtanSending } = await sending(last)
      expect(next.resendAt).toBe(new Date(now.getTime() + delay * 1000).toISOString())
      now = new Date(now.getTime() + delay * 1000 - 1)
      expect(await prepare(next)).toEqual({ refused: 'too_early' })
      now = new Date(now.getTime() + 1)
      last = next
    }
    const { sending: fifth } = await sending(last)
    expect(fifth).toMatchObject({ sent: 5, resendAt: null })
    now = inSeconds(100_000)
    expect(await prepare(fifth)).toEqual({ refused: 'used_up' })
  })

  it('cost no budget when they are asked for too early or too often', async () => {
    const { sending: first } = await sending()
    used.length = 0
    await prepare(first)
    await prepare({ ...first, sent: 5 })
    expect(used).toEqual([])
  })

  it.each([
    ['registration', ['registrationAddress', 'registrationGlobal', 'registrationNumber']],
    ['signIn', ['signInNumberHour', 'signInNumberDay']],
    ['newLetter', ['signInNumberHour', 'signInNumberDay']],
  ] as const)('for %s count against budgets of their own, by keyed hash', async (purpose, names) => {
    const { effects } = await sending(null, { ...order, purpose })
    expect(used).toEqual([])
    await effects(unit)
    expect(used.map(([name]) => name)).toEqual(names)
    expect(JSON.stringify(used)).not.toMatch(/15112345670/)
  })

  it.each([
    ['registrationNumber', order],
    ['registrationAddress', order],
    ['registrationGlobal', order],
    ['signInNumberHour', signIn],
    ['signInNumberDay', signIn],
  ] as const)('send nothing when the budget %s ran out in between', async (name, of) => {
    const { effects } = await sending(null, of)
    blocked = { [name]: inSeconds(3600) }
    // The objection undoes what has been written along with the look at the budget.
    expect(await effects(unit)).toEqual({ invalid: { mtan: 'budget' } })
  })

  it.each([
    ['registrationNumber', order],
    ['signInNumberDay', signIn],
  ] as const)('stop when the budget %s is used up', async (name, of) => {
    blocked = { [name]: inSeconds(3600) }
    expect(await prepare(null, of)).toEqual({ refused: 'budget', until: inSeconds(3600) })
  })

  describe('spending', () => {
    it('of a registration counts by price with the transaction, for the country and in all', async () => {
      price = 820
      const { effects } = await sending(null, { ...order, country: 'AT' })
      expect(spent).toEqual([])
      await effects(unit)
      expect(spent).toEqual([
        ['in AT', 'AT', 820],
        ['registrationSpending', 'all', 820],
      ])
    })

    it('of a sign-in stops nothing and counts nothing here', async () => {
      price = 820
      blockedCountry = inSeconds(3600)
      const { effects } = await sending(null, signIn)
      expect(await effects(unit)).toBeUndefined()
      expect(spent).toEqual([])
    })

    it('at its limit stops registrations, and operators learn where', async () => {
      price = 820
      blockedCountry = inSeconds(3600)
      expect(await prepare()).toEqual({ refused: 'budget', until: inSeconds(3600) })
      expect(spendingStopped).toHaveBeenCalledWith({ country: 'DE', limit: 'country' })
      blockedCountry = null
      blocked = { registrationSpending: inSeconds(1800) }
      expect(await prepare()).toEqual({ refused: 'budget', until: inSeconds(1800) })
      expect(spendingStopped).toHaveBeenLastCalledWith({ country: 'DE', limit: 'all' })
    })

    it('that ran out in between sends nothing', async () => {
      price = 820
      const { effects } = await sending()
      blockedCountry = inSeconds(3600)
      expect(await effects(unit)).toEqual({ invalid: { mtan: 'budget' } })
    })
  })

  describe('breaker', () => {
    it.each([
      ['below 200 sends', { sent: 199, entered: 0 }],
      ['at a share of 20 %', { sent: 200, entered: 40 }],
      ['at a usual share', { sent: 10_000, entered: 9000 }],
    ])('stays closed %s', async (_, counts) => {
      share = counts
      await sending()
      expect(alert).not.toHaveBeenCalled()
    })

    it('stops registrations and alerts when less than 20 % of 200 codes were entered', async () => {
      share = { sent: 200, entered: 39 }
      expect(await prepare()).toEqual({ refused: 'budget', until: inSeconds(3600) })
      expect(alert).toHaveBeenCalledWith({ purpose: 'registration', country: 'DE', share: 39 / 200 })
      expect(used).toEqual([])
    })

    it.each(['signIn', 'newLetter'] as const)('only alerts for %s', async (purpose) => {
      share = { sent: 200, entered: 0 }
      await sending(null, { ...order, purpose })
      expect(alert).toHaveBeenCalledWith({ purpose, country: 'DE', share: 0 })
    })

    it('looks at the purpose and country of the order in its window', async () => {
      await sending(null, { ...order, country: 'AT' })
      expect(shareOf).toHaveBeenCalledWith('registration', 'AT', inSeconds(-86_400))
    })
  })
})
