import type { Clock } from '../../gateways/clock.ts'
import { createLimiter } from '../../gateways/limiter.ts'
import type { Transaction, UnitOfWork } from '../../stores/transaction.ts'
import type { MailPayload } from '../messages/mails.ts'

/** What an alert says, by kind; a new kind is one line here. The words stand in the log, the e-mail and the audit log. */
const sentences = {
  sms_pumping: 'share of entered mTANs is too low: somebody may be pumping SMS',
  sms_gateway_away: 'SMS gateway fails: its breaker is open',
  smpp_session_away: 'SMS gateway has not been bound over SMPP for a minute',
  smpp_credentials_refused: 'SMS gateway refuses our name or password over SMPP',
  sms_budget: 'SMS cost more in 24 hours than their budget allows',
  print_run_not_handed_over: 'print run cannot be handed over to the print shop',
  print_run_not_released: 'print run waits for its release on its posting day',
  print_run_slipped: 'print run has missed its posting day and is called back',
  print_run_rejected: 'print shop has rejected a print run',
  print_run_not_withdrawn: 'print shop could not be told that a print run is over, or its files not be deleted',
  print_receipt_not_settled: 'receipt of the print shop cannot be moved away',
  print_receipt_refused: 'receipt of the print shop is not followed',
  many_letters: 'insurance number gets more letters than one registration may have: somebody may be playing with it',
  letter_returned: 'letter came back: the address has to be cleared in the core system',
  canary_letter_missing: 'canary letter has not arrived: its code was not entered',
  print_shop_unknown_key: 'print shop shows a host key that is not pinned: nothing is sent',
  rows_not_rewritten: 'rows cannot be rewritten under the new key: the old one has to stay',
  audit_stream_away: 'receiver of audit events does not take them: nothing is lost, they are sent again',
  job_failing: 'a job fails again and again',
  mail_relay_fault: 'mail relay does not take e-mails: nothing is lost, they are tried again',
  delivery_given_up: 'messages are given up because they cannot be delivered',
} as const

export type AlertKind = keyof typeof sentences
export const alertKinds = Object.keys(sentences) as AlertKind[]

/** What is wrong. `detail` says where (a country, a gateway, a count); personal data never stands in it. */
export type Alert = { kind: AlertKind; detail: Readonly<Record<string, string | number>> }

type Settings = {
  transaction: Transaction
  clock: Clock
  log: { error(detail: object, message: string): void }
  /** Where operators read alerts; unset: in the log and the audit log only. */
  email: string | undefined
}

const hour = 3600

export type AlertService = ReturnType<typeof createAlertService>

/** Creates the alerts to operators: a log line of level `error`, an audit event, and an e-mail through the outbox. */
export function createAlertService({ transaction, clock, log, email }: Settings) {
  /** Writes the alert unless the same words went out within the hour; the counter rolls back with the transaction. */
  async function write(unit: UnitOfWork, { kind, detail }: Alert): Promise<boolean> {
    const now = clock.now()
    const once = createLimiter(unit.rateLimits, clock)({ name: 'alert', count: 1, window: hour })
    const key = keyOf({ kind, detail })
    // Looked at first: an alert that repeats with every request must not make the requests wait for one counter.
    if ((await once.exhaustedUntil(key)) || (await once.use(key))) return false
    const words = wordsOf(detail)
    await unit.audit.operatorsAlerted({ at: now, kind, detail: words })
    if (!email) return true
    const params = { alert: sentences[kind], detail: words || '-' }
    const payload: MailPayload = { template: 'operatorAlert', to: email, language: 'de', params }
    await unit.send({ kind: 'email', payload }, now)
    return true
  }
  return {
    /**
     * Raises an alert, at most once per hour for the same kind and place; `false` when it was raised before. With `unit`
     * it is written in that transaction, without one in a transaction of its own.
     */
    async raise(unit: UnitOfWork | undefined, alert: Alert): Promise<boolean> {
      const raised = unit ? await write(unit, alert) : await transaction((own) => write(own, alert))
      if (raised) log.error({ alert: alert.kind, ...alert.detail }, sentences[alert.kind])
      return raised
    },
  }
}

/** Numbers change from one alert to the next; the words tell the place. */
function keyOf({ kind, detail }: Alert): string {
  const place = Object.values(detail).filter((value) => typeof value === 'string')
  return [kind, ...place].join(' ')
}

const wordsOf = (detail: Alert['detail']) =>
  Object.entries(detail)
    .map(([name, value]) => `${name}: ${value}`)
    .join(', ')
