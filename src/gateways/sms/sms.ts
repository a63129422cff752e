import { createHttpSmsDriver } from './http.ts'

/**
 * An SMS ready to send. `to` in E.164; `id` makes the delivery idempotent. `country` (ISO 3166-1 of the number) chooses
 * the route, `purpose` and `accountId` are noted with the delivery, after `expiresAt` the SMS is of no use.
 */
export type Sms = {
  id: string
  to: string
  text: string
  country?: string
  purpose?: string
  accountId?: string
  expiresAt?: Date | null
}

/** The way an SMS leaves. `send` ends when a gateway has accepted it. @throws SmsFailure otherwise */
export type SmsGateway = { send(sms: Sms): Promise<void> }

/**
 * An SMS that no gateway has taken. `permanent`: no further try can help, because the number takes no SMS. `inDoubt`: a gateway may
 * have taken it although it did not say so.
 */
export class SmsFailure extends Error {
  override name = 'SmsFailure'
  readonly code: string
  readonly permanent: boolean
  readonly inDoubt: boolean

  constructor(code: string, { permanent = false, inDoubt = false } = {}) {
    super(`no SMS gateway took the message: ${code}`)
    this.code = code
    this.permanent = permanent
    this.inDoubt = inDoubt
  }
}

/** The settings behind `SMS_DRIVER=http` alone: POST of JSON `{ id, to, text }`; any 2xx answer means accepted. */
export function plainHttpGateway(url: string, timeout = 5000) {
  return createHttpSmsDriver({
    url,
    timeout,
    method: 'POST',
    headers: { 'Idempotency-Key': '{{id}}' },
    body: { type: 'json', fields: { id: '{{id}}', to: '{{to}}', text: '{{text}}' } },
    answers: [],
  })
}
