import { z } from 'zod'
import { helpActs } from '../../services/accounts/help-desk/acts.ts'
import type { FoundMember } from '../../services/accounts/help-desk/look-ups.ts'
import { maskedFields } from '../../services/accounts/help-desk/masks.ts'
import type { MemberPage } from '../../services/accounts/help-desk/member-page.ts'
import { instant } from './shared.ts'

export const accountId = z.uuid().describe('Id of the account')
const day = z.iso.date()
const state = z.enum(['pending_activation', 'awaiting_letter', 'letter_posted', 'active', 'suspended', 'ended'])
const keyOf = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
const masked = z.object(Object.fromEntries(maskedFields.map((field) => [keyOf(field), z.string().nullable()])))

/** One that was found; nothing of it is personal in clear. */
export const foundMember = z.object({
  account_id: accountId,
  state,
  username: z.string().describe('Masked'),
  registered_at: instant,
  active_since: instant.nullable(),
})

const letter = z.object({
  purpose: z.string(),
  state: z.string(),
  requested_at: instant,
  printable_from: instant,
  printed_at: instant.nullable(),
  posted_on: day.nullable(),
  last_day: day.nullable().describe('Last day of its code'),
  returned_at: instant.nullable(),
  used_at: instant.nullable(),
})
const message = z.object({
  kind: z.enum(['email', 'sms']),
  created_at: instant,
  delivered_at: instant.nullable(),
  failed_at: instant.nullable(),
  failure: z.string().nullable(),
  receipt: z.string().nullable().describe('What the network told of an SMS'),
})
const event = z.object({
  at: instant,
  type: z.string(),
  actor: z.string(),
  data: z.record(z.string(), z.unknown()).nullable(),
})

/** What is shown of a member: the same as at the console, and all that is personal masked. */
export const memberAnswer = z.object({
  account_id: accountId,
  state,
  suspension_reason: z.string().nullable(),
  end_reason: z.string().nullable(),
  state_changed_at: instant,
  registered_at: instant,
  activated_at: instant.nullable(),
  active_since: instant.nullable(),
  last_sign_in_at: instant.nullable(),
  language: z.string(),
  masked: masked.describe('So that only its owner knows it; null: not known'),
  deadlines: z.array(z.object({ name: z.string(), last_day: day.optional(), from: instant.optional() })),
  pauses: z.object({ sign_in: instant.nullable(), unlock_code: instant.nullable() }),
  letters: z.array(letter),
  messages: z.array(message),
  browsers: z.array(z.object({ known_since: instant, last_used_at: instant })),
  consents: z.array(
    z.object({ client_id: z.string(), name: z.string(), scopes: z.array(z.string()), granted_at: instant }),
  ),
  question: z.object({ id: z.string(), de: z.string(), en: z.string() }).nullable().describe('To ask a caller'),
  answers_from: instant.nullable().describe('No answer is taken before'),
  acts: z.array(z.enum(helpActs)).describe('What could be done now'),
  may_end: z.boolean(),
  history: z.object({ events: z.array(event), older: z.string().nullable().describe('`before` of the next page') }),
})

/** Names as the API has them, and instants as text. What the schema does not name does not leave. */
export function toApiNames(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString()
  if (Array.isArray(value)) return value.map(toApiNames)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [keyOf(name), toApiNames(each)]))
}

export const fromFound = ({ id, ...found }: FoundMember): object => ({
  ...(toApiNames(found) as object),
  account_id: id,
})

export function fromMember({ id, data, history, ...page }: MemberPage): object {
  const events = history.events.map((each) => ({ ...each, at: each.at.toISOString() }))
  return { ...(toApiNames(page) as object), account_id: id, masked: toApiNames(data), history: { ...history, events } }
}
