import { randomUUID } from 'node:crypto'
import type { KeyedHash } from '../../crypto/field-encryption.ts'
import type { Random } from '../../crypto/random.ts'
import { createMtan, resendDelaySeconds } from '../../domain/secrets/mtan.ts'
import type { AddressLimit } from '../../gateways/address-limit.ts'
import type { Clock } from '../../gateways/clock.ts'
import type { CounterStore, Limit } from '../../gateways/limiter.ts'
import type { MtanPurpose, OneTimeCodeStore } from '../../stores/sign-in/one-time-codes.ts'
import type { UnitOfWork } from '../../stores/transaction.ts'

/** What a journey remembers of the mTANs it has sent. Times in ISO 8601. */
export type MtanSending = { sent: number; expiresAt: string; resendAt: string | null }

export type MtanOrder = {
  purpose: MtanPurpose
  /** Binds the code: journey and account. */
  subject: string
  /** E.164 */
  mobile: string
  /** ISO 3166-1 */
  country: string
  language: string
  application?: string
  /** Client address, for the budget of registrations. */
  address: string
  accountId?: string
}

export type MtanRules = {
  lifetime: number
  tries: number
  resendAfter: number[]
  perJourney: number
  breaker: { minimumSends: number; minimumShare: number; window: number }
}

export type MtanLimits = {
  /**
   * Registrations' mTANs to one number, asked with the client address: those from one place, and from all. Who uses up those of
   * a few places leaves the owner's alone.
   */
  registrationNumber(number: string): Pick<AddressLimit, 'use' | 'exhaustedUntil'>
  registrationAddress: AddressLimit
  registrationGlobal: Limit
  /** Spending of registrations in hundredths of a cent. */
  registrationSpending: Limit
  /** The same to one country. */
  registrationSpendingIn(country: string): Limit
  signInNumberHour: Limit
  signInNumberDay: Limit
}

export type MtanService = ReturnType<typeof createMtanService>

type Settings = {
  rules: MtanRules
  /** Limits over the counters given: those of a transaction count together with it. */
  limitsOver(counters: CounterStore): MtanLimits
  counters: CounterStore
  codes: OneTimeCodeStore
  clock: Clock
  random: Random
  hash: KeyedHash
  smsText(order: MtanOrder, code: string): string
  /** Tells operators that sends of a purpose and country look like pumping, once per hour. */
  alert(event: { purpose: MtanPurpose; country: string; share: number }): Promise<void>
  /** What an SMS to a country is expected to cost, in hundredths of a cent. */
  price(country: string): number
  /** Tells operators that the spending of registrations is at its limit, once per hour. */
  spendingStopped(event: { country: string; limit: 'country' | 'all' }): Promise<void>
}

/** Creates the sending of mTANs: budgets, resend rules and the breaker of security.md, "mTAN sending". */
export function createMtanService(settings: Settings) {
  const { rules, clock } = settings
  const shares = createShareCache(settings)
  return {
    /**
     * Prepares the next mTAN of a journey. Nothing is sent before `effects` runs in the transaction that saves the journey.
     * Refusals: `too_early` (before `resendAt`), `used_up` (no more in this journey), `budget` (until the time given).
     */
    async prepare(order: MtanOrder, before: MtanSending | null) {
      const now = clock.now()
      if (before && before.sent >= rules.perJourney) return { refused: 'used_up' as const }
      if (before?.resendAt && new Date(before.resendAt) > now) return { refused: 'too_early' as const }
      const blocked = (await breakerOpen(settings, shares, order, now)) ?? (await exhaustedBudget(settings, order))
      if (blocked) return { refused: 'budget' as const, until: blocked }
      const sent = (before?.sent ?? 0) + 1
      const expiresAt = new Date(now.getTime() + rules.lifetime * 1000)
      const delay = resendDelaySeconds(sent, rules.resendAfter)
      const sending: MtanSending = {
        sent,
        expiresAt: expiresAt.toISOString(),
        resendAt: sent < rules.perJourney ? new Date(now.getTime() + delay * 1000).toISOString() : null,
      }
      return {
        sending,
        async effects(unit: UnitOfWork) {
          // Counted with the saved step: a double click that loses takes nothing from the budget.
          const [free] = await Promise.all([
            useBudgets(settings, unit, order),
            issue(settings, unit, order, now, expiresAt),
          ])
          if (!free) return { invalid: { mtan: 'budget' } }
        },
      }
    },
    /** Counts the try and compares (security.md, "mTAN"). */
    check: (order: Pick<MtanOrder, 'purpose' | 'subject'>, given: string) =>
      settings.codes.check(order, given, clock.now()),
    perJourney: rules.perJourney,
  }
}

async function issue(settings: Settings, unit: UnitOfWork, order: MtanOrder, now: Date, expiresAt: Date) {
  const code = createMtan(settings.random.int)
  const issued = unit.codes.issue({
    id: randomUUID(),
    purpose: order.purpose,
    subject: order.subject,
    code,
    country: order.country,
    tries: settings.rules.tries,
    issuedAt: now,
    expiresAt,
  })
  const { country, purpose, accountId } = order
  const payload = { to: order.mobile, text: settings.smsText(order, code), country, purpose, accountId }
  const supersedes = `mtan:${order.purpose}:${order.subject}`
  await Promise.all([
    issued,
    unit.send({ kind: 'sms', payload, expiresAt, supersedes, accountId: order.accountId }, now),
    unit.audit.mtanSent({ at: now, accountId: order.accountId, purpose: order.purpose, country: order.country }),
  ])
}

type Share = { sent: number; entered: number }
type ShareCache = (purpose: MtanPurpose, country: string, now: Date) => Promise<Share>

/** Counting a day of codes is dear: the answer of one minute is kept. */
function createShareCache({ rules, codes }: Settings): ShareCache {
  const kept = new Map<string, { at: Date; share: Share }>()
  return async (purpose, country, now) => {
    const key = `${purpose} ${country}`
    const known = kept.get(key)
    if (known && Math.abs(now.getTime() - known.at.getTime()) < 60_000) return known.share
    const share = await codes.share(purpose, country, new Date(now.getTime() - rules.breaker.window * 1000))
    kept.set(key, { at: now, share })
    return share
  }
}

/** A purpose and country whose codes are hardly ever entered is pumped: registrations stop, sign-ins only alert. */
async function breakerOpen(settings: Settings, shares: ShareCache, order: MtanOrder, now: Date): Promise<Date | null> {
  const { minimumSends, minimumShare } = settings.rules.breaker
  const { purpose, country } = order
  const { sent, entered } = await shares(purpose, country, now)
  if (sent < minimumSends || entered / sent >= minimumShare) return null
  await settings.alert({ purpose, country, share: entered / sent })
  return purpose === 'registration' ? new Date(now.getTime() + 60 * 60 * 1000) : null
}

/** One limit that an order counts against; `spending` names the limits of prices. */
type Budget = {
  limit: Pick<Limit, 'use' | 'exhaustedUntil'>
  key: string
  points?: number
  spending?: 'country' | 'all'
}

/** The limits an order counts against; the number comes last, so that a stranger's refusals never use it up. */
function budgetsOf(settings: Settings, limits: MtanLimits, order: MtanOrder): Budget[] {
  const number = settings.hash.hash(order.mobile, 'limit:mobile')
  if (order.purpose !== 'registration')
    return [
      { limit: limits.signInNumberHour, key: number },
      { limit: limits.signInNumberDay, key: number },
    ]
  return [
    { limit: limits.registrationAddress, key: order.address },
    { limit: limits.registrationGlobal, key: 'all' },
    ...spendingOf(settings, limits, order),
    { limit: limits.registrationNumber(number), key: order.address },
  ]
}

/** Without a price nothing is spent, and no counter is written. */
function spendingOf({ price }: Settings, limits: MtanLimits, { country }: MtanOrder): Budget[] {
  const points = price(country)
  if (points === 0) return []
  return [
    { limit: limits.registrationSpendingIn(country), key: country, points, spending: 'country' },
    { limit: limits.registrationSpending, key: 'all', points, spending: 'all' },
  ]
}

async function exhaustedBudget(settings: Settings, order: MtanOrder): Promise<Date | null> {
  const budgets = budgetsOf(settings, settings.limitsOver(settings.counters), order)
  const ends = await Promise.all(budgets.map(({ limit, key, points }) => limit.exhaustedUntil(key, points)))
  const first = ends.findIndex(Boolean)
  const spending = budgets[first]?.spending
  if (spending) await settings.spendingStopped({ country: order.country, limit: spending })
  return ends[first] ?? null
}

/** Counts within the transaction; `false` when another request took the last send in between. */
async function useBudgets(settings: Settings, unit: UnitOfWork, order: MtanOrder): Promise<boolean> {
  const budgets = budgetsOf(settings, settings.limitsOver(unit.rateLimits), order)
  // A refusal undoes the whole transaction, so those that were free are not used up by it.
  const refusals = await Promise.all(budgets.map(({ limit, key, points }) => limit.use(key, points)))
  return refusals.every((until) => until === null)
}
