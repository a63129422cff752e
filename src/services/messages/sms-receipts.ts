import { keptMessageId, meantMessageIds, type ReceiptIdForm } from '../../domain/messages/sms-message-id.ts'
import type { Clock } from '../../gateways/clock.ts'
import type { SmsAnswer, SmsReceipt } from '../../gateways/sms/driver.ts'
import type { Attempt } from '../../gateways/sms/router.ts'
import type { SmsReceiptStore } from '../../stores/messages/sms-receipts.ts'

/** Hundredths of a cent in 24 hours. */
export type SpendingLimits = { inAll: number; to(country: string): number }

type Settings = {
  receipts: SmsReceiptStore
  clock: Clock
  log: Record<'info' | 'warn' | 'error', (detail: object, message: string) => void>
  /** How a gateway writes in receipts the id that it gave in its answer. */
  receiptIds(gateway: string): ReceiptIdForm
  /** Counts a receipt. */
  counted?(gateway: string, outcome: ReceiptOutcome): void
  /** Of all SMS after a right password; they are never held back, because a member waits. */
  signInLimits: SpendingLimits
  /** Tells operators, at most once per hour for the same place. */
  alert(detail: { purpose: string; country: string }): Promise<unknown>
}

const day = 24 * 60 * 60 * 1000

/** What became of a receipt: `early` ones wait for the answer to their submission, `unmatched` ones have waited in vain. */
export const receiptOutcomes = ['matched', 'early', 'unmatched', 'nothing', 'message'] as const
export type ReceiptOutcome = (typeof receiptOutcomes)[number]

/** Creates the record of what became of SMS. */
export function createSmsReceiptService({ receipts, clock, log, signInLimits, alert, ...settings }: Settings) {
  const { receiptIds, counted = () => {} } = settings
  const kept = (gateway: string, id: string | undefined) => (id ? keptMessageId(id, receiptIds(gateway)) : undefined)
  return {
    /**
     * Writes what one submission came to; gives the record's id. Never throws: a fault here must not send an accepted SMS again.
     */
    async attempted({ sms, gateway, country, price, answer }: Attempt): Promise<string | undefined> {
      if (answer.outcome !== 'accepted' && answer.outcome !== 'unknown') return undefined
      const failure = answer.outcome === 'unknown' ? answer.failure : null
      if (failure) log.warn({ gateway, country, failure }, 'SMS gateway did not answer: the SMS may arrive twice')
      try {
        return await receipts.add({
          messageId: sms.id,
          accountId: sms.accountId ?? null,
          purpose: sms.purpose ?? 'other',
          state: answer.outcome,
          gatewayMessageId: answer.outcome === 'accepted' ? kept(gateway, answer.gatewayMessageId) : undefined,
          sentAt: clock.now(),
          ...{ gateway, country, price, failure },
        })
      } catch (error) {
        log.error({ err: error, gateway }, 'SMS was sent but could not be noted')
        return undefined
      }
    },
    /** Writes the late answer to a submission without one so far. */
    async answeredLate(recordId: string, gateway: string, answer: SmsAnswer): Promise<void> {
      if (answer.outcome === 'unknown') return
      const taken = answer.outcome === 'accepted'
      const outcome = taken ? { gatewayMessageId: kept(gateway, answer.gatewayMessageId) } : { failure: answer.failure }
      await receipts.answer(recordId, { gateway, ...outcome }, clock.now())
    },
    /**
     * Notes a receipt. One whose SMS is not known waits for it, as it may come before the answer to the submission; the gateway is
     * answered at once, for it may hold that answer back meanwhile. Throws when the database is away: it shall come again.
     */
    async received(gateway: string, { gatewayMessageId, state, failure }: SmsReceipt): Promise<void> {
      const receipt = { meant: meantMessageIds(gatewayMessageId, receiptIds(gateway)), state, failure }
      if (await receipts.receive(gateway, receipt, clock.now())) return counted(gateway, 'matched')
      const id = await receipts.keepEarly(gateway, receipt, clock.now())
      // The answer may have been noted in between, and looked for receipts before this one was kept.
      if (await receipts.receive(gateway, receipt, clock.now())) {
        await receipts.forgetEarly(id)
        return counted(gateway, 'matched')
      }
      counted(gateway, 'early')
    },
    /** Counts what is delivered beside receipts that tell something. */
    passed(gateway: string, kind: 'message' | 'nothing'): void {
      counted(gateway, kind)
      if (kind === 'nothing') log.info({ gateway }, 'SMS receipt without id or end: nothing is noted')
    },
    /** Forgets receipts that have waited for their SMS for a day; tells how many. */
    async forgetUnmatched(): Promise<number> {
      const gateways = await receipts.forgetEarlyBefore(new Date(clock.now().getTime() - day))
      for (const gateway of gateways) counted(gateway, 'unmatched')
      for (const gateway of new Set(gateways)) {
        const count = gateways.filter((each) => each === gateway).length
        log.warn({ gateway, count }, 'SMS receipts fit no SMS')
      }
      return gateways.length
    },
    /** Compares what sign-ins have cost in 24 hours, doubles included, with the limits; tells how many are passed. */
    async watchSpending(): Promise<number> {
      const spent = new Map<string, number>()
      for (const row of await receipts.spending(new Date(clock.now().getTime() - day)))
        if (row.purpose !== 'registration') spent.set(row.country, (spent.get(row.country) ?? 0) + row.spent)
      const sum = [...spent.values()].reduce((all, each) => all + each, 0)
      const passed = [...spent].filter(([country, each]) => each > signInLimits.to(country)).map(([country]) => country)
      if (sum > signInLimits.inAll) passed.push('all')
      for (const country of passed) await alert({ purpose: 'signIn', country })
      return passed.length
    },
  }
}
