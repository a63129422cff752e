/** An SMS as one gateway gets it: `sender` is what the member sees as sender, `validFor` the seconds it is of use. */
export type Submission = { id: string; to: string; text: string; sender: string | undefined; validFor: number }

/**
 * What became of a submission. `accepted`: the gateway takes care. `throttled`: it is alive, but takes no more just now.
 * `temporary`: it cannot at the moment. `number_refused`: this number takes no SMS, from no gateway. `gateway_refused`: it
 * refuses us (settings, credit). `unknown`: the message was handed over and no answer came; it may arrive.
 */
export const smsOutcomes = [
  'accepted',
  'throttled',
  'temporary',
  'number_refused',
  'gateway_refused',
  'unknown',
] as const
export type SmsOutcome = (typeof smsOutcomes)[number]

/** `failure` is a code for logs: never a text of the gateway, which may quote number or message. */
export type SmsAnswer =
  | { outcome: 'accepted'; gatewayMessageId?: string }
  | { outcome: Exclude<SmsOutcome, 'accepted' | 'unknown'>; failure: string }
  /** `late`: the answer that may still come, for as long as the connection lives; it never rejects. */
  | { outcome: 'unknown'; failure: string; late?: Promise<SmsAnswer> }

/** The protocol of one gateway. `submit` never throws and ends within the driver's timeout. */
export type SmsDriver = {
  submit(sms: Submission): Promise<SmsAnswer>
  close(): Promise<void>
}

/** States of a delivery as gateways tell them by receipt, in the order in which they may follow each other. */
export const receiptStates = ['accepted', 'delivered', 'undelivered', 'expired'] as const
export type ReceiptState = (typeof receiptStates)[number]

/** A receipt: what became of a message that a gateway accepted. `failure` is the gateway's code. */
export type SmsReceipt = { gatewayMessageId: string; state: ReceiptState; failure?: string }

/** What `data_coding` 0 means to a centre: GSM 03.38, unpacked, or ISO 8859-1. */
export const smppAlphabets = ['gsm', 'latin-1'] as const
export type SmppAlphabet = (typeof smppAlphabets)[number]
