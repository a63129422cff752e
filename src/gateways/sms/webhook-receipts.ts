import { nodeAt, valueAt } from '../../domain/messages/template.ts'
import { type ReceiptState, receiptStates, type SmsReceipt } from './driver.ts'

/** Where a gateway's call holds what: dotted paths of JSON, names of a form; `states` are its words for ours. */
export type WebhookReceiptSettings = {
  type: 'json' | 'form'
  /** Path of the list when one call carries several receipts. */
  list?: string
  messageId: string
  state: string
  failure?: string
  states: Partial<Record<ReceiptState, readonly string[]>>
}

/** Receipts of one call that are read; more is no call of a gateway. */
const mostReceipts = 1000

/** Reads the receipts of one call; `undefined`: it is not what the settings say. Words that are not listed tell nothing. */
export function readWebhookReceipts(settings: WebhookReceiptSettings, body: string): SmsReceipt[] | undefined {
  const content = settings.type === 'form' ? Object.fromEntries(new URLSearchParams(body)) : parse(body)
  if (content === null || typeof content !== 'object') return undefined
  const entries = settings.list === undefined ? [content] : nodeAt(content, settings.list)
  if (!Array.isArray(entries) || entries.length > mostReceipts) return undefined
  return entries.flatMap((entry) => readOne(settings, entry))
}

function readOne({ messageId, state, failure, states }: WebhookReceiptSettings, entry: unknown): SmsReceipt[] {
  const gatewayMessageId = valueAt(entry, messageId)
  const word = valueAt(entry, state)
  const known = receiptStates.find((each) => word !== undefined && states[each]?.includes(word))
  if (!gatewayMessageId || !known) return []
  const code = failure === undefined || known === 'delivered' ? undefined : valueAt(entry, failure)
  return [{ gatewayMessageId, state: known, failure: code === undefined ? undefined : safeCode(code) }]
}

/** A code of the gateway; a text in its place could quote number or message. */
const safeCode = (code: string) => (/^[A-Za-z0-9_.-]{1,30}$/.test(code) && !/\d{7}/.test(code) ? code : 'OTHER')

function parse(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}
