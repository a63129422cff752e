import type { Pdu } from 'smpp'
import type { ReceiptState, SmsReceipt } from '../driver.ts'
import { smpp, unreadable } from './smpp-package.ts'

/** `message_state` of the optional parameter (SMPP 3.4, 5.2.28); states that tell nothing are left out. */
const byNumber: Record<number, ReceiptState> = {
  2: 'delivered',
  3: 'expired',
  4: 'undelivered',
  5: 'undelivered',
  6: 'accepted',
  8: 'undelivered',
}

/** `stat:` of the text (SMPP 3.4, appendix B), by how it begins: centres write the words out, too. */
const byWord: [RegExp, ReceiptState][] = [
  [/^DELIV/, 'delivered'],
  [/^EXPIR/, 'expired'],
  [/^(DELET|UNDEL|REJECT|FAIL)/, 'undelivered'],
  [/^ACCEPT/, 'accepted'],
]

/** Bits of `esm_class` that mark a receipt (SMPP 3.4, 5.2.12). */
const receiptBits = 0x3c
const isReceipt = 0x04

/** `data_coding` values (SMPP 3.4, 5.2.19). */
const ia5 = 1
const ucs2 = 8

/** An id stands alone; without one the next word of the receipt follows. */
const idOfText = /\bid:[ \t]*(?!(?:sub|dlvrd|submit date|done date|stat|err|text):)(\S+)/i

/** `message`: what a person sent. `nothing`: a receipt that has no id, or a state that tells nothing; what cannot be read. */
export type Delivered = SmsReceipt | 'message' | 'nothing'

/**
 * Reads what a centre delivers. A receipt is known by `esm_class`, or by both optional parameters, which no person can send; it
 * is read from them, and where they are missing from its text `id:… stat:DELIVRD err:000 …`.
 */
export function readReceipt(pdu: Pdu): Delivered {
  if (pdu[unreadable]) return 'nothing'
  const receipted = withoutNul(pdu.receipted_message_id)
  const marked = (Number(pdu.esm_class) & receiptBits) === isReceipt
  if (!marked && !(receipted && pdu.message_state !== undefined)) return 'message'
  const text = textOf(pdu)
  const gatewayMessageId = receipted || idOfText.exec(text)?.[1]
  const word = /\bstat:\s*([A-Z]+)/i.exec(text)?.[1]?.toUpperCase() ?? ''
  const state = byNumber[Number(pdu.message_state)] ?? byWord.find(([begin]) => begin.test(word))?.[1]
  if (!gatewayMessageId || !state) return 'nothing'
  const error = /\berr:\s*(\w{1,10})/i.exec(text)?.[1]
  return { gatewayMessageId, state, failure: state === 'delivered' || !error ? undefined : `ERR_${error}` }
}

const withoutNul = (value: unknown) =>
  String(value ?? '')
    .split('\0', 1)[0]
    ?.trim()

/** The text of a PDU: in `message_payload` where it is not in `short_message` (SMPP 3.4, 5.3.2.32). */
function textOf(pdu: Pdu): string {
  return plainText(pdu.short_message, pdu) || plainText(pdu.message_payload, pdu)
}

function plainText(given: unknown, pdu: Pdu): string {
  const message = (given as { message?: unknown } | undefined)?.message ?? given
  const text = Buffer.isBuffer(message) ? message.toString('latin1') : String(message ?? '')
  const coding = Number(pdu.data_coding) & 0x0f
  if (coding === ucs2) return text
  // The package has read IA5, that is ASCII (SMPP 3.4, 5.2.19), as GSM 03.38, one octet a letter.
  const octets = coding === ia5 ? smpp.encodings.ASCII.encode(text) : Buffer.from(text, 'latin1')
  // In GSM 03.38 `@`, `$` and `_` are control characters of ASCII: a centre that writes receipts in its own alphabet.
  const inGsm = octets.some((octet) => octet < 0x20 && ![0x09, 0x0a, 0x0d].includes(octet))
  return inGsm ? smpp.encodings.ASCII.decode(octets) : octets.toString('latin1')
}
