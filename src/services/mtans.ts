import { randomUUID } from 'node:crypto'
import { createMtan, resendDelaySeconds } from '../domain/mtan.ts'
import type { Clock } from '../gateways/clock.ts'
import type { KeyedHash } from '../gateways/field-encryption.ts'
import type { Limit } from '../gateways/limiter.ts'
import type { Random } from '../gateways/random.ts'
import type { MtanPurpose, OneTimeCodeStore } from '../stores/one-time-codes.ts'
import type { UnitOfWork } from '../stores/transaction.ts'

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
  registrationNumber: Limit
  registrationAddress: Limit
  registrationGlobal: Limit
  signInNumberHour: Limit
  signInNumberDay: Limit
}

export type MtanService = ReturnType<typeof createMtanService>

type Settings = {
  rules: MtanRules
  limits: MtanLimits
  codes: OneTimeCodeStore
  clock: Clock
  random: Random
  hash: KeyedHash
  smsText(order: MtanOrder, code: string): string
  /** Tells operators that sends of a purpose and country look like pumping. */
  alert(event: { purpose: MtanPurpose; country: string; share: number }): void
}

/** Creates the sending of mTANs: budgets, resend rules and the breaker of security.md, "mTAN sending". */
export function createMtanService(settings: Settings) {
  const { rules, limits, clock } = settings
  return {
    /**
     * Prepares the next mTAN of a journey. Nothing is sent before `effects` runs in the transaction that saves the journey.
     * Refusals: `too_early` (before `resendAt`), `used_up` (no more in this journey), `budget` (until the time given).
     */
    async prepare(order: MtanOrder, before: MtanSending | null) {
      const now = clock.now()
      if (before && before.sent >= rules.perJourney) return { refused: 'used_up' as const }
      if (before?.resendAt && new Date(before.resendAt) > now) return { refused: 'too_early' as const }
      const blocked = (await breakerOpen(settings, order, now)) ?? (await useBudgets(limits, settings.hash, order))
      if (blocked) return { refused: 'budget' as const, until: blocked }
      const sent = (before?.sent ?? 0) + 1
      const expiresAt = new Date(now.getTime() + rules.lifetime * 1000)
      const delay = resendDelaySeconds(sent, rules.resendAfter)
      const sending: MtanSending = {
        sent,
        expiresAt: expiresAt.toISOString(),
        resendAt: sent < rules.perJourney ? new Date(now.getTime() + delay * 1000).toISOString() : null,
      }
      return { sending, effects: (unit: UnitOfWork) => issue(settings, unit, order, now, expiresAt) }
    },
    /** Counts the try and compares (security.md, "mTAN"). */
    check: (order: Pick<MtanOrder, 'purpose' | 'subject'>, given: string) =>
      settings.codes.check(order, given, clock.now()),
    perJourney: rules.perJourney,
  }
}

async function issue(settings: Settings, unit: UnitOfWork, order: MtanOrder, now: Date, expiresAt: Date) {
  const code = createMtan(settings.random.int)
  await unit.codes.issue({
    id: randomUUID(),
    purpose: order.purpose,
    subject: order.subject,
    code,
    country: order.country,
    tries: settings.rules.tries,
    issuedAt: now,
    expiresAt,
  })
  const payload = { to: order.mobile, text: settings.smsText(order, code) }
  await unit.send({ kind: 'sms', payload, expiresAt }, now)
  await unit.audit.mtanSent({ at: now, accountId: order.accountId, purpose: order.purpose, country: order.country })
}

/** A purpose and country whose codes are hardly ever entered is pumped: registrations stop, sign-ins only alert. */
async function breakerOpen(settings: Settings, order: MtanOrder, now: Date): Promise<Date | null> {
  const { minimumSends, minimumShare, window } = settings.rules.breaker
  const since = new Date(now.getTime() - window * 1000)
  const { sent, entered } = await settings.codes.share(order.purpose, order.country, since)
  if (sent < minimumSends || entered / sent >= minimumShare) return null
  settings.alert({ purpose: order.purpose, country: order.country, share: entered / sent })
  return order.purpose === 'registration' ? new Date(now.getTime() + 60 * 60 * 1000) : null
}

async function useBudgets(limits: MtanLimits, hash: KeyedHash, order: MtanOrder): Promise<Date | null> {
  const number = hash.hash(order.mobile, 'limit:mobile')
  if (order.purpose === 'registration')
    return (
      (await limits.registrationNumber.use(number)) ??
      (await limits.registrationAddress.use(hash.hash(order.address, 'limit:address'))) ??
      (await limits.registrationGlobal.use('all'))
    )
  return (await limits.signInNumberHour.use(number)) ?? (await limits.signInNumberDay.use(number))
}
