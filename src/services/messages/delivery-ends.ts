import type { BounceReason } from '../../domain/messages/email-bounce.ts'
import type { Clock } from '../../gateways/clock.ts'
import { lastingRelayFaults, type RelayFault } from '../../gateways/email/email-relay-faults.ts'
import type { Stores } from '../../stores/index.ts'
import type { ClaimedMessage, ExpiredMessage } from '../../stores/messages/message-claims.ts'
import type { MessageKind } from '../../stores/messages/messages.ts'
import type { Transaction, UnitOfWork } from '../../stores/transaction.ts'
import type { AlertService } from '../operation/alerts.ts'
import type { BounceService } from './bounces.ts'
import type { MailPayload } from './mails.ts'

/** How a try can end. */
export const deliveryOutcomes = ['delivered', 'failed', 'expired', 'gave_up', 'refused', 'bounced'] as const
type DeliveryOutcome = (typeof deliveryOutcomes)[number]

/**
 * How one kind leaves; durations in seconds (`config/deliveries.yaml`). `repeatInDoubt`: pause after a try that may have been a
 * delivery.
 */
export type DeliveryRule = {
  timeout: number
  firstRetry: number
  longestRetry: number
  giveUpAfter: number
  repeatInDoubt?: number
}

export type DeliveryEndSettings = {
  stores: Stores
  transaction: Transaction
  clock: Clock
  log: { warn(detail: object, message: string): void; error(detail: object, message: string): void }
  rules: Record<Exclude<MessageKind, 'discarded'>, DeliveryRule>
  bounces: Pick<BounceService, 'refused'>
  alerts: Pick<AlertService, 'raise'>
  /** Counts how tries end; what is not known of a message is missing. */
  observe?(message: { kind: MessageKind; attempts?: number; createdAt?: Date }, outcome: DeliveryOutcome): void
  /** Counts what was wrong with our own mail relay. */
  observeRelay?(fault: RelayFault): void
}

/** What the end of a message is called; the first two mean that something is broken and raise an alert. */
type End = 'expired' | 'gave_up' | 'refused' | 'bounced'
const alarming: readonly End[] = ['expired', 'gave_up']

/** What gateways tell beside a failure: of the recipient (`reason`), of our own relay (`fault`), whether it may have arrived. */
type Told = { permanent?: boolean; reason?: BounceReason; fault?: RelayFault; inDoubt?: boolean }

/** Tries after which a relay that is away, silent or cuts the line is told: it may have been restarted. */
const passingTries = 3

/** Messages per transaction when the overdue are ended. */
const batch = 200

/** Creates how tries end: delivered, to be tried again, or given up with a log line, an audit event and an alert. */
export function createDeliveryEnds(settings: DeliveryEndSettings) {
  const { stores, clock, rules, transaction, log } = settings
  const observe = settings.observe ?? (() => {})

  /** Counts whenever it comes: also of a try that was given up on, or whose claim was lost. */
  async function delivered(message: ClaimedMessage): Promise<void> {
    if (await stores.messageClaims.delivered(message, clock.now())) observe(message, 'delivered')
  }

  /** A delivery that was in doubt; the message may wait for its next try, or be under way in one. */
  async function deliveredLate(id: string): Promise<void> {
    const message = await stores.messageClaims.deliveredLate(id, clock.now())
    if (message) observe(message, 'delivered')
  }

  async function giveUp(message: ClaimedMessage, end: End, failure: string = end): Promise<void> {
    const at = clock.now()
    await transaction(async (unit) => {
      if (!(await unit.messageClaims.giveUp(message, failure.slice(0, 200), at))) return
      const detail = { failure, messageId: message.id, kind: message.kind, attempt: message.attempts }
      if (alarming.includes(end)) log.error(detail, 'delivery given up')
      else log.warn(detail, 'delivery refused for good')
      observe(message, end)
      await tell(unit, message, purposeOf(message), end, at)
    })
  }

  async function tell(
    unit: UnitOfWork,
    { kind, accountId }: ExpiredMessage,
    purpose: string,
    reason: End,
    at: Date,
  ): Promise<void> {
    if (kind === 'discarded') return
    await unit.audit.messageUndeliverable({ at, accountId: accountId ?? undefined, kind, purpose, reason })
    // An alert that cannot be sent is told by the log only: it would raise itself for ever.
    if (alarming.includes(reason) && purpose !== 'operatorAlert')
      await settings.alerts.raise(unit, { kind: 'delivery_given_up', detail: { message: kind } })
  }

  /** Notes what the end says about the recipient's mailbox. */
  async function markRecipient({ kind, accountId }: ClaimedMessage, payload: unknown, { reason }: Told): Promise<void> {
    if (kind === 'email' && accountId && reason)
      await settings.bounces.refused(accountId, (payload as MailPayload).to, reason)
  }

  /** Operators are told what is wrong with our relay when it does not pass by itself. */
  async function tellRelay(fault: RelayFault, { attempts }: ClaimedMessage, { template }: MailPayload): Promise<void> {
    const stays = ['away', 'silent', 'cut'].includes(fault) && attempts >= passingTries
    // An alert that cannot be sent is told by the log only: it would raise itself for ever.
    if (template === 'operatorAlert' || !(stays || lastingRelayFaults.includes(fault))) return
    await settings.alerts.raise(undefined, { kind: 'mail_relay_fault', detail: { fault } })
  }

  return {
    delivered,
    deliveredLate,
    giveUp,
    /** Tries again, or ends the message when no further try is worth it. */
    async failed(message: ClaimedMessage, error: unknown, payload: unknown): Promise<void> {
      if (message.kind === 'discarded') return
      const failure = failureCode(error)
      const { permanent, reason, fault, inDoubt } = error as Told
      const rule = rules[message.kind]
      const end = message.expiresAt ?? new Date(message.createdAt.getTime() + rule.giveUpAfter * 1000)
      const over = end <= clock.now()
      if (fault) settings.observeRelay?.(fault)
      if (permanent || over) {
        await markRecipient(message, payload, { reason })
        // A mailbox that stayed full is no fault of ours.
        return await giveUp(message, permanent || reason ? 'refused' : 'gave_up', failure)
      }
      observe(message, 'failed')
      const detail = { failure, messageId: message.id, kind: message.kind, attempt: message.attempts }
      log.warn(fault ? { ...detail, relay: fault } : detail, 'delivery failed')
      const { firstRetry, longestRetry, repeatInDoubt = firstRetry } = rule
      const pauses = inDoubt
        ? { first: repeatInDoubt, longest: repeatInDoubt }
        : { first: firstRetry, longest: longestRetry }
      await stores.messageClaims.tryAgain(message, failure, pauses)
      if (fault) await tellRelay(fault, message, payload as MailPayload)
    },
    /** Ends what is overdue, in batches; answers how many. */
    async expireOverdue(): Promise<number> {
      let total = 0
      for (let done = batch; done === batch; total += done) {
        const at = clock.now()
        const oldest = new Date(at.getTime() - Math.max(...Object.values(rules).map((rule) => rule.giveUpAfter)) * 1000)
        done = await transaction(async (unit) => {
          const expired = await unit.messageClaims.expire(at, oldest, batch)
          for (const message of expired.filter(({ kind }) => kind !== 'discarded')) {
            log.error({ failure: 'expired', messageId: message.id, kind: message.kind }, 'delivery given up')
            observe(message, 'expired')
            await tell(unit, message, message.kind, 'expired', at)
          }
          return expired.length
        })
      }
      return total
    },
  }
}

function purposeOf(message: ClaimedMessage): string {
  const usual: Record<MessageKind, string> = {
    sms: 'mtan',
    email: 'email',
    backchannel_logout: 'logout',
    discarded: 'none',
  }
  try {
    return (message.payload() as { template?: string }).template ?? usual[message.kind]
  } catch {
    return usual[message.kind]
  }
}

/** Relays and gateways quote addresses and numbers in their answers: only the code is kept. */
export function failureCode(error: unknown): string {
  const { code, responseCode, name } = error as { code?: string; responseCode?: number; name?: string }
  return [name, code, responseCode].filter(Boolean).join(' ')
}
