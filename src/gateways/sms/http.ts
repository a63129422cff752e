import { fill, type Template, valueAt } from '../../domain/messages/template.ts'
import type { SmsAnswer, SmsDriver, SmsOutcome, Submission } from './driver.ts'

/**
 * One rule on the answer of a gateway: `status` as `202`, `4xx` …; `field` is the dotted path of a value of the JSON
 * answer (without it the whole text), `matches` a regular expression on it. The first rule that fits decides.
 */
export type AnswerRule = { status: readonly string[]; field?: string; matches?: string; outcome: SmsOutcome }

/** `timeout` in milliseconds; headers and the fields of the body are filled for each message. */
export type HttpSmsSettings = {
  url: string
  method: 'POST' | 'PUT'
  headers: Readonly<Record<string, string>>
  body: { type: 'json'; fields: Template } | { type: 'form'; fields: Readonly<Record<string, string>> }
  answers: readonly AnswerRule[]
  /** Dotted path of the gateway's own id in its JSON answer. */
  messageId?: string
  timeout: number
}

/** Bytes of an answer that are read; more is no answer of an SMS gateway. */
const longestAnswer = 65_536

/** What counts when no rule of the settings fits (RFC 9110, 15). */
const usual: readonly AnswerRule[] = [
  { status: ['2xx'], outcome: 'accepted' },
  { status: ['429'], outcome: 'throttled' },
  // Something before the gateway has waited in vain for its answer: it may have the message.
  { status: ['504', '524'], outcome: 'unknown' },
  { status: ['408', '425', '5xx'], outcome: 'temporary' },
]

/** Faults before anything was handed over: the message certainly did not leave. */
const notHandedOver = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])

/** Creates the delivery by a gateway that speaks HTTP. */
export function createHttpSmsDriver(settings: HttpSmsSettings): SmsDriver {
  const rules = [...settings.answers, ...usual].map((rule) => ({
    ...rule,
    pattern: rule.matches === undefined ? undefined : new RegExp(rule.matches),
  }))
  return {
    async submit(sms) {
      try {
        const response = await fetch(settings.url, requestOf(settings, sms))
        const text = await readStart(response)
        const rule = rules.find((each) => fits(each, response.status, text))
        const outcome = rule?.outcome ?? 'gateway_refused'
        if (outcome !== 'accepted') return { outcome, failure: `HTTP_${response.status}` }
        return { outcome, gatewayMessageId: settings.messageId && valueAt(parse(text), settings.messageId) }
      } catch (error) {
        return fault(error)
      }
    },
    async close() {},
  }
}

function requestOf({ method, headers, body, timeout }: HttpSmsSettings, sms: Submission): RequestInit {
  const values = { ...sms, digits: sms.to.replace(/^\+/, ''), sender: sms.sender ?? '', validFor: String(sms.validFor) }
  const filled = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, fill(value, values) as string]),
  )
  const encoded =
    body.type === 'json'
      ? JSON.stringify(fill(body.fields, values))
      : new URLSearchParams(fill(body.fields, values) as Record<string, string>).toString()
  const contentType = body.type === 'json' ? 'application/json' : 'application/x-www-form-urlencoded;charset=UTF-8'
  return {
    method,
    headers: { 'Content-Type': contentType, ...filled },
    body: encoded,
    // A redirect would carry number and code to an address that nobody has agreed to.
    redirect: 'manual',
    signal: AbortSignal.timeout(timeout),
  }
}

async function readStart(response: Response): Promise<string> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of response.body ?? []) {
    parts.push(part)
    length += part.length
    if (length > longestAnswer) break
  }
  return Buffer.concat(parts).subarray(0, longestAnswer).toString('utf8')
}

function fits(rule: AnswerRule & { pattern?: RegExp }, status: number, text: string): boolean {
  const group = `${Math.floor(status / 100)}xx`
  if (!rule.status.some((each) => each === group || each === String(status))) return false
  if (rule.field === undefined) return rule.pattern === undefined || rule.pattern.test(text)
  const value = valueAt(parse(text), rule.field)
  return value !== undefined && (rule.pattern === undefined || rule.pattern.test(value))
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A connection that broke or a time that ran out after the request began: the gateway may have the message. */
function fault(error: unknown): SmsAnswer {
  const cause = (error as { cause?: { code?: string } }).cause
  const code = cause?.code ?? ((error as Error).name === 'TimeoutError' ? 'TIMEOUT' : 'CONNECTION')
  const certain = notHandedOver.has(code) || /^(CERT_|ERR_TLS_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/.test(code)
  return { outcome: certain ? 'temporary' : 'unknown', failure: code }
}
