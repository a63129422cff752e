/**
 * How a gateway writes the id of a message in its receipts, beside how its answer to the submission wrote it. The standard gives the id
 * no form (SMPP 3.4, 5.2.23): centres answer in hexadecimal and report in decimal or the reverse, change case, or pad with zeros.
 * `hex`, `decimal`: receipts have it in that form, answers in the other. `auto` knows all of them.
 */
export const receiptIdForms = ['auto', 'as-is', 'ignore-case', 'hex', 'decimal'] as const
export type ReceiptIdForm = (typeof receiptIdForms)[number]

const plain = (id: string) => id.toLowerCase().replace(/^0+(?=.)/, '')
const fromHex = (id: string) => (/^[0-9a-f]{1,32}$/i.test(id) ? [BigInt(`0x${id}`).toString()] : [])
const fromDecimal = (id: string) => (/^\d{1,38}$/.test(id) ? [BigInt(id).toString(16)] : [])

/** Brings the id of an answer to the form under which it is kept. */
export function keptMessageId(id: string, form: ReceiptIdForm): string {
  return form === 'as-is' ? id : plain(id)
}

/** Lists the kept ids that the id of a receipt may mean, the likeliest first. */
export function meantMessageIds(id: string, form: ReceiptIdForm): string[] {
  if (form === 'as-is') return [id]
  if (form === 'ignore-case') return [plain(id)]
  if (form === 'hex') return fromHex(id)
  if (form === 'decimal') return fromDecimal(id)
  return [...new Set([plain(id), ...fromDecimal(id), ...fromHex(id)])]
}
