import type { Clock } from '../../gateways/clock.ts'
import type { SmsAnswer } from '../../gateways/sms/driver.ts'
import type { Attempt } from '../../gateways/sms/router.ts'
import type { MtanPurpose } from '../../stores/sign-in/one-time-codes.ts'
import type { Transaction } from '../../stores/transaction.ts'
import type { AlertService } from '../operation/alerts.ts'

type Log = { error(detail: object, message: string): void }

/** Creates what operators are told about the sending of SMS. */
export function createSmsAlerts({
  alerts,
  transaction,
  clock,
}: {
  alerts: AlertService
  transaction: Transaction
  clock: Clock
}) {
  return {
    /** Sends of a purpose and country look like pumping; the audit log has it once per alert. */
    pumping: (event: { purpose: MtanPurpose; country: string; share: number }): Promise<void> =>
      transaction(async (unit) => {
        if (await alerts.raise(unit, { kind: 'sms_pumping', detail: event }))
          await unit.audit.smsSendsStopped({ at: clock.now(), ...event })
      }),
    /** The spending of registrations is at its limit, of a country or over all. */
    registrationsStopped: async ({ country, limit }: { country: string; limit: 'country' | 'all' }): Promise<void> => {
      const detail = { purpose: 'registration', country: limit === 'all' ? 'all' : country }
      await alerts.raise(undefined, { kind: 'sms_budget', detail })
    },
    /** SMS after a right password cost more than their budget; they go on. */
    overBudget: (detail: { purpose: string; country: string }) =>
      alerts.raise(undefined, { kind: 'sms_budget', detail }),
  }
}

type LateAnswerSettings = {
  /** The record of what became of an SMS. */
  receipts: { answeredLate(record: string, gateway: string, answer: SmsAnswer): Promise<void> }
  /** The message that waits, or has been given up. */
  deliveries: { answeredLate(messageId: string, answer: SmsAnswer): Promise<void> }
  log: Log
}

/** Notes the answer of an SMS gateway that comes after all waiting for it has ended, where the SMS is recorded and where it waits. */
export async function noteLateAnswer(
  { sms, gateway, answer, record }: Attempt & { record: string | undefined },
  { receipts, deliveries, log }: LateAnswerSettings,
): Promise<void> {
  try {
    if (record) await receipts.answeredLate(record, gateway, answer)
    await deliveries.answeredLate(sms.id, answer)
  } catch (error) {
    log.error({ err: error, gateway, messageId: sms.id }, 'late answer of an SMS gateway could not be noted')
  }
}
