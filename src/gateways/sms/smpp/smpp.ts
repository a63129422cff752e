import type { Pdu } from 'smpp'
import type { SmppAlphabet, SmsAnswer, SmsDriver, SmsReceipt, Submission } from '../driver.ts'
import { smpp } from './smpp-package.ts'
import { readReceipt } from './smpp-receipt.ts'
import {
  type AwayCause,
  type BoundSession,
  bind,
  causeOf,
  SmppFault,
  type SmppSettings,
  statusCode,
} from './smpp-session.ts'
import { createWindow } from './window.ts'

/** `command_status` values that need an answer of their own (SMPP 3.4, 5.1.3). */
const status = {
  ok: 0x00,
  systemError: 0x08,
  invalidDestination: 0x0b,
  queueFull: 0x14,
  submitFailed: 0x45,
  throttled: 0x58,
  temporaryError: 0x64,
}
const throttling = [status.queueFull, status.throttled]
const temporary = [status.systemError, status.submitFailed, status.temporaryError]

/** Milliseconds before the next connection after one has failed; the last stays. */
const backOff = [500, 1000, 2000, 5000, 10_000, 30_000]

/** Milliseconds: with less left before the timeout nothing is handed over, because no answer would be awaited. */
const leastTime = 200

/** Milliseconds after which an answer is not awaited any more. */
const longestAnswer = 60_000

export type SmppHooks = {
  /** Takes a delivery receipt; a fault makes the gateway repeat it. */
  received(receipt: SmsReceipt): Promise<void>
  /** Something else was delivered: a person's message, or a receipt that tells nothing. */
  passed(kind: 'message' | 'nothing'): void
  bound(): void
  /** The connection was lost or could not be made; `since`: milliseconds that nobody has been bound. */
  away(cause: AwayCause, code: string, since: number): void
}

export type SmppSmsDriver = SmsDriver & {
  /** Connects and stays connected, so that receipts arrive; without it the first submission connects. */
  start(): void
}

/** Creates the delivery by a gateway that speaks SMPP 3.4: one session, kept bound until `close`. */
export function createSmppSmsDriver(settings: SmppSettings, hooks: SmppHooks): SmppSmsDriver {
  const link = createLink(settings, hooks)
  const window = createWindow(settings.window)
  return {
    start: link.start,
    async submit(sms) {
      const deadline = Date.now() + settings.timeout
      // Half of the time for a place, so that the answer still has the other half.
      if (!(await window.enter(settings.timeout / 2))) return { outcome: 'throttled', failure: 'WINDOW_FULL' }
      let answer: SmsAnswer | undefined
      try {
        const bound = await link.current()
        const left = deadline - Date.now()
        if (!bound || left < leastTime) return { outcome: 'temporary', failure: 'NOT_BOUND' }
        answer = await submit(bound, sms, settings, left)
        return answer
      } finally {
        void whenAnswered(answer).then(window.leave)
      }
    },
    close: link.close,
  }
}

/**
 * Ends when the centre has answered, or its session is gone: until then it counts the submission against its window, so do we. One
 * that it has forgotten must not keep its place for ever.
 */
async function whenAnswered(answer: SmsAnswer | undefined): Promise<void> {
  if (answer?.outcome !== 'unknown' || !answer.late) return
  const forgotten = Promise.withResolvers<void>()
  const timer = setTimeout(forgotten.resolve, longestAnswer)
  await Promise.race([answer.late, forgotten.promise])
  clearTimeout(timer)
}

/** Keeps one session: connects, binds, and after a loss or a refusal again with back-off. */
function createLink(settings: SmppSettings, hooks: SmppHooks) {
  let current: Promise<BoundSession | undefined> | undefined
  let failures = 0
  let again: NodeJS.Timeout | undefined
  let ending = false
  let awaySince = performance.now()

  const connect = (): Promise<BoundSession | undefined> => {
    clearTimeout(again)
    const attempt = bind(settings, (pdu) => receive(pdu, hooks)).then(
      (bound) => {
        failures = 0
        hooks.bound()
        bound.closed.then((code) => {
          awaySince = performance.now()
          retry('lost', code)
        })
        return bound
      },
      (error) => {
        const code = error instanceof SmppFault ? error.code : 'CONNECTION'
        retry(causeOf(code), code)
        return undefined
      },
    )
    return attempt
  }
  const retry = (cause: AwayCause, code: string) => {
    if (ending) return
    hooks.away(cause, code, performance.now() - awaySince)
    // While it waits, submissions are told at once that nobody is there.
    current = Promise.resolve(undefined)
    const delay = backOff[Math.min(failures++, backOff.length - 1)] ?? 0
    // Spread, so that the processes of a machine do not all bind in one moment.
    again = setTimeout(start, delay * (0.75 + Math.random() / 2), true)
  }
  const start = (anew = false) => {
    if (!ending && (anew || !current)) current = connect()
  }
  return {
    start: () => start(),
    current(): Promise<BoundSession | undefined> {
      start()
      return current ?? Promise.resolve(undefined)
    },
    async close(): Promise<void> {
      ending = true
      clearTimeout(again)
      await (await current)?.unbind()
    },
  }
}

function submit(
  { session, closed }: BoundSession,
  sms: Submission,
  settings: SmppSettings,
  left: number,
): Promise<SmsAnswer> {
  return new Promise((resolve) => {
    const late = Promise.withResolvers<SmsAnswer>()
    const timer = setTimeout(() => resolve({ outcome: 'unknown', failure: 'TIMEOUT', late: late.promise }), left)
    const answer = (given: SmsAnswer) => {
      clearTimeout(timer)
      late.resolve(given)
      resolve(given)
    }
    const handedOver = session.submit_sm(submitParameters(sms, settings.alphabet), (pdu) =>
      answer(readAnswer(pdu, settings)),
    )
    if (!handedOver) return answer({ outcome: 'temporary', failure: 'NOT_BOUND' })
    closed.then(() => answer({ outcome: 'unknown', failure: 'CONNECTION_LOST' }))
  })
}

function submitParameters(sms: Submission, alphabet: SmppAlphabet): Record<string, unknown> {
  return {
    ...sourceOf(sms.sender),
    dest_addr_ton: 1,
    dest_addr_npi: 1,
    destination_addr: sms.to.replace(/^\+/, ''),
    // Receipt for every end, good or bad.
    registered_delivery: 1,
    validity_period: relativeTime(sms.validFor),
    // The centre's own alphabet.
    data_coding: 0,
    short_message: alphabet === 'gsm' ? smpp.encodings.ASCII.encode(sms.text) : toLatin1(sms.text),
  }
}

/** ISO 8859-1 lacks the euro and the Greek letters of the GSM alphabet. */
const toLatin1 = (text: string) => Buffer.from(text.replaceAll('€', 'EUR').replace(/[\u0100-\uffff]/g, '?'), 'latin1')

/** Type and plan of the sender (SMPP 3.4, 5.2.5 and 5.2.6): a name, an international number, or a short code. */
function sourceOf(sender: string | undefined) {
  if (sender === undefined) return { source_addr_ton: 0, source_addr_npi: 0, source_addr: '' }
  if (sender.startsWith('+')) return { source_addr_ton: 1, source_addr_npi: 1, source_addr: sender.slice(1) }
  if (/^\d+$/.test(sender)) return { source_addr_ton: 3, source_addr_npi: 0, source_addr: sender }
  return { source_addr_ton: 5, source_addr_npi: 0, source_addr: sender }
}

/** Seconds as `YYMMDDhhmmss`, to which the package adds `000R` (SMPP 3.4, 7.1.1.2). */
function relativeTime(seconds: number): string {
  const two = (value: number) => String(Math.min(value, 99)).padStart(2, '0')
  return `0000${two(Math.floor(seconds / 86_400))}${two(Math.floor(seconds / 3600) % 24)}${two(Math.floor(seconds / 60) % 60)}${two(seconds % 60)}`
}

function readAnswer(pdu: Pdu, settings: SmppSettings): SmsAnswer {
  const code = pdu.command_status
  if (code === status.ok) return { outcome: 'accepted', gatewayMessageId: String(pdu.message_id ?? '') || undefined }
  const failure = `SMPP_${statusCode(code)}`
  if (throttling.includes(code)) return { outcome: 'throttled', failure }
  if (code === status.invalidDestination || settings.numberRefused.includes(code))
    return { outcome: 'number_refused', failure }
  return { outcome: temporary.includes(code) ? 'temporary' : 'gateway_refused', failure }
}

/** Takes a `deliver_sm` and gives the status it is answered with: a receipt that could not be noted shall come again. */
async function receive(pdu: Pdu, hooks: SmppHooks): Promise<number> {
  const delivered = readReceipt(pdu)
  try {
    // Messages of people to our sender are nobody's business here; they are counted and forgotten.
    if (typeof delivered === 'string') hooks.passed(delivered)
    else await hooks.received(delivered)
    return status.ok
  } catch {
    return status.temporaryError
  }
}
