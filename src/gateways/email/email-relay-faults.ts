import { type BounceReason, classifyBounce, readAnswer, relayRefusal } from '../../domain/messages/email-bounce.ts'

/**
 * What is wrong with our own relay, as log and metric name it: `away` (nobody listens, no such name), `silent`, `cut` (the line
 * broke), `certificate`, `tls` (STARTTLS missing or broken), `credentials`, `refuses` (5xx about us), `defers` (4xx), `aborted`
 * (we ended the try).
 */
export const relayFaults = [
  ...(['away', 'silent', 'cut', 'certificate', 'tls', 'credentials', 'refuses', 'defers', 'aborted'] as const),
]
export type RelayFault = (typeof relayFaults)[number]

/** The faults that do not pass by themselves: somebody has to mend relay or settings. */
export const lastingRelayFaults: readonly RelayFault[] = ['certificate', 'tls', 'credentials', 'refuses']

/** The error of nodemailer, as far as it is looked at; `originalCode` is that of socket or TLS. */
export type SmtpError = {
  code?: string
  originalCode?: string
  command?: string
  responseCode?: number
  response?: string
  message?: string
}

/**
 * The e-mail did not leave; tried again, whatever relay or nodemailer call permanent. The server's words are dropped. `reason`:
 * what it means for the recipient, when it stays so to the end.
 */
class RelayFailure extends Error {
  override name = 'RelayFailure'
  readonly permanent = false
  readonly code: string | undefined
  readonly responseCode: number | undefined
  readonly fault: RelayFault
  readonly reason: BounceReason | undefined

  constructor(error: SmtpError) {
    const { code, originalCode, command, responseCode, response = '' } = error
    const fault = faultOf(error)
    super(`relay did not take the e-mail: ${[fault, originalCode ?? code, responseCode].filter(Boolean).join(' ')}`)
    this.code = code
    this.responseCode = responseCode
    this.fault = fault
    const full = (command === 'RCPT TO' || command === 'DATA') && isFull(response)
    this.reason = full ? 'mailbox_full' : undefined
  }
}

const isFull = (response: string) => classifyBounce(readAnswer(response).status) === 'mailbox_full'

/** A recipient that the relay refuses for good. `status`: enhanced code (RFC 3463); the server's words are dropped. */
class RecipientRefused extends Error {
  override name = 'RecipientRefused'
  readonly permanent = true
  readonly responseCode: number
  readonly status: string | undefined
  readonly reason: BounceReason

  constructor(responseCode: number, status: string | undefined, reason: BounceReason) {
    super(`relay refused the recipient with ${responseCode} ${status}`)
    this.responseCode = responseCode
    this.status = status
    this.reason = reason
  }
}

/** Tells a recipient that is refused from everything else, which is the relay's fault or ours. */
export function describeSmtpError(error: SmtpError): RecipientRefused | RelayFailure {
  const answer = readAnswer(error.response ?? '')
  const reason = relayRefusal(error.command, answer)
  return reason === undefined || answer.replyCode === undefined
    ? new RelayFailure(error)
    : new RecipientRefused(answer.replyCode, answer.status, reason)
}

/** Codes of Node by which a certificate is refused (https://nodejs.org/api/tls.html, "X509 certificate error codes"). */
const certificateCodes =
  /CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY|DECODE|DECRYPT)|CRL|HOSTNAME_MISMATCH|INVALID_(CA|PURPOSE)/
const credentialReplies = [530, 534, 535, 538]

function faultOf(error: SmtpError): RelayFault {
  const { code = '', originalCode = '', responseCode = 0 } = error
  if (code === 'EABORT') return 'aborted'
  if (certificateCodes.test(originalCode)) return 'certificate'
  if (isTlsFault(error)) return 'tls'
  if (responseCode >= 400 && responseCode < 500) return 'defers'
  if (['EAUTH', 'ENOAUTH', 'EOAUTH2'].includes(code) || credentialReplies.includes(responseCode)) return 'credentials'
  if (responseCode >= 500) return 'refuses'
  return ofTheLine(code, originalCode)
}

function isTlsFault({ code = '', originalCode = '', command, responseCode, response = '', message = '' }: SmtpError) {
  if (['ETLS', 'EREQUIRETLS'].includes(code) || command === 'STARTTLS') return true
  // `530 5.7.0 Must issue a STARTTLS command first` (RFC 3207, 4).
  if (responseCode === 530 && /starttls/i.test(response)) return true
  // A handshake that is cut or hangs has no code of its own, only the words of Node and nodemailer.
  return /^(ERR_SSL|ERR_TLS|EPROTO)/.test(originalCode) || /before secure TLS|TLS handshake/.test(message)
}

function ofTheLine(code: string, originalCode: string): RelayFault {
  if (code === 'EDNS' || /^E(CONNREFUSED|HOSTUNREACH|NETUNREACH|HOSTDOWN|NOTFOUND|AI_AGAIN)$/.test(originalCode))
    return 'away'
  return code === 'ETIMEDOUT' || originalCode === 'ETIMEDOUT' ? 'silent' : 'cut'
}
