import type { Pdu } from 'smpp'
import type { ReceiptState, SmsReceipt } from './driver.ts'

/** `message_state` of the optional parameter (SMPP 3.4, 5.2.28); states that tell nothing are left out. */
const byNumber: Record<number, ReceiptState> = {
  2: 'delivered',
  3: 'expired',
  4: 'undelivered',
  5: 'undelivered',
  6: 'accepted',
  8: 'undelivered',
}

/** `stat:` of the text (SMPP 3.4, appendix B). */
const byWord: Record<string, ReceiptState> = {
  DELIVRD: 'delivered',
  EXPIRED: 'expired',
  DELETED: 'undelivered',
  UNDELIV: 'undelivered',
  REJECTD: 'undelivered',
  ACCEPTD: 'accepted',
}

/** Bits of `esm_class` that mark a receipt (SMPP 3.4, 5.2.12). */
const receiptBits = 0x3c
const isReceipt = 0x04

/**
 * Reads a delivery receipt: from its optional parameters, where they are missing from its text
 * `id:… stat:DELIVRD err:000 …`. `undefined`: it is a message, or tells nothing that is noted.
 */
export function readReceipt(pdu: Pdu): SmsReceipt | undefined {
  if ((Number(pdu.esm_class) & receiptBits) !== isReceipt) return undefined
  const given = pdu.short_message as { message?: unknown } | string | undefined
  const text = String((typeof given === 'object' ? given?.message : given) ?? '')
  const gatewayMessageId = String(pdu.receipted_message_id ?? /\bid:(\S+)/i.exec(text)?.[1] ?? '').replace(/\0+$/, '')
  const state = byNumber[Number(pdu.message_state)] ?? byWord[/\bstat:([A-Z]+)/i.exec(text)?.[1]?.toUpperCase() ?? '']
  if (!gatewayMessageId || !state) return undefined
  const error = /\berr:(\w{1,10})/i.exec(text)?.[1]
  return { gatewayMessageId, state, failure: state === 'delivered' || !error ? undefined : `ERR_${error}` }
}
