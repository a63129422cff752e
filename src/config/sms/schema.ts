import { z } from 'zod'
import { receiptIdForms } from '../../domain/messages/sms-message-id.ts'
import type { Template } from '../../domain/messages/template.ts'
import { receiptStates, smppAlphabets, smsOutcomes } from '../../gateways/sms/driver.ts'

const reference = z
  .string()
  .regex(/^(env:[A-Z][A-Z0-9_]*|file:.+)$/, 'must be env:NAME or file:path; secrets never stand in this file')
/** A secret, with an optional word before it: `{ from: env:SMS_TOKEN, prefix: 'Bearer ' }`. */
const secret = z.strictObject({ from: reference, prefix: z.string().default('') })
const seconds = z.number().positive()
/** Cents of an SMS, two decimals. */
const cents = z.number().min(0).max(1000).multipleOf(0.01)
const country = z.string().regex(/^[A-Z]{2}$/, 'must be a country of ISO 3166-1')
const senderId = z
  .string()
  .regex(
    /^(\+\d{6,15}|\d{3,8}|(?=.*[A-Za-z])[A-Za-z0-9 ._-]{1,11})$/,
    'must be +number, a short code, or a name of at most 11 characters',
  )
const pattern = z.string().refine((text) => {
  try {
    return Boolean(new RegExp(text))
  } catch {
    return false
  }
}, 'is no regular expression')
const statusClass = z.union([z.int().min(100).max(599), z.string().regex(/^[1-5](\d\d|xx)$/)]).transform(String)

const answerRule = z.strictObject({
  status: z.union([statusClass, z.array(statusClass).min(1)]).transform((given) => [given].flat()),
  field: z.string().min(1).optional(),
  matches: pattern.optional(),
  outcome: z.enum(smsOutcomes),
})

/** How receipts of a gateway by HTTP are recognised and read. */
const webhook = z.strictObject({
  authentication: z.discriminatedUnion('type', [
    z.strictObject({
      type: z.literal('hmac'),
      secret,
      header: z.string().min(1),
      timestampHeader: z.string().min(1),
      algorithm: z.enum(['sha256', 'sha512']).default('sha256'),
      encoding: z.enum(['hex', 'base64']).default('hex'),
      /** Stands before the signature in its header, for example `sha256=`. */
      prefix: z.string().default(''),
      maxAge: seconds.default(300),
    }),
    z.strictObject({ type: z.literal('token'), secret, header: z.string().min(1) }),
  ]),
  type: z.enum(['json', 'form']).default('json'),
  /** Path of the list when one call carries several receipts. */
  list: z.string().optional(),
  messageId: z.string().min(1),
  state: z.string().min(1),
  failure: z.string().optional(),
  states: z.partialRecord(z.enum(receiptStates), z.array(z.string()).min(1)),
})

/** A value of a body: `{ from: env:NAME }` is replaced by the secret, everything else is filled for each message. */
const template: z.ZodType<Template> = z.lazy(() =>
  z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(template), z.record(z.string(), template)]),
)

const common = {
  timeout: seconds.max(9).default(4),
  sender: senderId.optional(),
  senders: z.record(country, senderId).default({}),
  price: cents.default(0),
  prices: z.record(country, cents).default({}),
}

const gateway = z.discriminatedUnion('driver', [
  z.strictObject({
    driver: z.literal('http'),
    url: z.url({ protocol: /^https?$/ }),
    method: z.enum(['POST', 'PUT']).default('POST'),
    headers: z.record(z.string().regex(/^[\w-]+$/), z.union([z.string(), secret])).default({}),
    body: z.discriminatedUnion('type', [
      z.strictObject({ type: z.literal('json'), fields: template }),
      z.strictObject({ type: z.literal('form'), fields: z.record(z.string(), z.union([z.string(), secret])) }),
    ]),
    answers: z.array(answerRule).default([]),
    messageId: z.string().optional(),
    receipts: webhook.optional(),
    ...common,
  }),
  z.strictObject({
    driver: z.literal('smpp'),
    url: z.url({ protocol: /^smpps?$/ }),
    ca: z.string().optional(),
    systemId: z.union([z.string().min(1).max(15), secret]),
    password: secret,
    systemType: z.string().max(12).default(''),
    window: z.int().positive().max(1000).default(10),
    enquireLink: seconds.default(30),
    numberRefused: z.array(z.int().positive()).default([]),
    alphabet: z.enum(smppAlphabets).default('gsm'),
    receiptIds: z.enum(receiptIdForms).default('auto'),
    ...common,
  }),
])

export type GatewayEntry = z.infer<typeof gateway>

/** The whole of `sms.yaml`. */
export const smsFileSchema = z.strictObject({
  gateways: z.record(z.string().regex(/^[a-z][a-z0-9-]{0,30}$/, 'must be a name of a–z, 0–9 and -'), gateway),
  routes: z
    .array(
      z.strictObject({
        countries: z.union([z.literal('*'), z.array(country).min(1)]),
        gateways: z.array(z.string()).min(1),
      }),
    )
    .default([]),
  afterUnknown: z.enum(['next', 'wait']).default('next'),
  breaker: z
    .strictObject({
      failures: z.number().gt(0).lt(1).default(0.5),
      minimum: z.int().positive().default(5),
      window: seconds.default(30),
      pause: seconds.default(10),
    })
    .prefault({}),
})

export type SmsFile = z.infer<typeof smsFileSchema>
