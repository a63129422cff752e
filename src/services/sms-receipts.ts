import { setTimeout as wait } from 'node:timers/promises'
import type { Clock } from '../gateways/clock.ts'
import type { SmsReceipt } from '../gateways/sms/driver.ts'
import type { Attempt } from '../gateways/sms/router.ts'
import type { SmsReceiptStore } from '../stores/sms-receipts.ts'

/** Hundredths of a cent in 24 hours. */
export type SpendingLimits = { inAll: number; to(country: string): number }

type Settings = {
  receipts: SmsReceiptStore
  clock: Clock
  log: { warn(detail: object, message: string): void; error(detail: object, message: string): void }
  /** Of all SMS after a right password; they are never held back, because a member waits. */
  signInLimits: SpendingLimits
  /** Tells operators, at most once per hour for the same place. */
  alert(detail: { purpose: string; country: string }): Promise<unknown>
}

const day = 24 * 60 * 60 * 1000

/** Milliseconds before a receipt without an SMS is looked up again: it may overtake the answer to its submission. */
const patience = [250, 1500]

/** Creates the record of what became of SMS. */
export function createSmsReceiptService({ receipts, clock, log, signInLimits, alert }: Settings) {
  return {
    /** Writes what one submission came to. Never throws: a fault here must not send an accepted SMS again. */
    async attempted({ sms, gateway, country, price, answer }: Attempt): Promise<void> {
      if (answer.outcome !== 'accepted' && answer.outcome !== 'unknown') return
      const failure = answer.outcome === 'unknown' ? answer.failure : null
      if (failure) log.warn({ gateway, country, failure }, 'SMS gateway did not answer: the SMS may arrive twice')
      try {
        await receipts.add({
          messageId: sms.id,
          accountId: sms.accountId ?? null,
          purpose: sms.purpose ?? 'other',
          state: answer.outcome,
          gatewayMessageId: answer.outcome === 'accepted' ? answer.gatewayMessageId : undefined,
          sentAt: clock.now(),
          ...{ gateway, country, price, failure },
        })
      } catch (error) {
        log.error({ err: error, gateway }, 'SMS was sent but could not be noted')
      }
    },
    /** Notes a receipt; one whose SMS stays unknown is dropped. Throws when the database is away: it shall come again. */
    async received(gateway: string, receipt: SmsReceipt): Promise<void> {
      for (const delay of [...patience, 0]) {
        if (await receipts.receive(gateway, receipt, clock.now())) return
        if (delay > 0) await wait(delay)
      }
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
