import { simpleParser } from 'mailparser'
import { z } from 'zod'

/** A report that an e-mail came back. `messageId`: our id of the message; `status`: enhanced code (RFC 3463). */
export type BounceReport = { messageId?: string; address?: string; status?: string; replyCode?: number }

const id = /^<?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})@[^<>\s]+>?$/i

/** Takes our id of a message out of its Message-ID; undefined when it is not one of ours. */
const ownId = (messageId: string | undefined) => id.exec(messageId?.trim() ?? '')?.[1]?.toLowerCase()

const report = z
  .object({
    messageId: z.string().max(300).optional(),
    address: z.string().max(300).optional(),
    status: z
      .string()
      .regex(/^[245]\.\d{1,3}\.\d{1,3}$/)
      .optional(),
    replyCode: z.int().min(400).max(599).optional(),
  })
  .refine(({ messageId, address }) => messageId ?? address)
  .refine(({ status, replyCode }) => status ?? replyCode)

const body = z.object({ bounces: z.array(report).min(1).max(500) })

/** Reads what a relay posts: `{ bounces: [{ messageId, address, status, replyCode }] }`; undefined when it is not that. */
export function readBounceReports(text: string): BounceReport[] | undefined {
  try {
    const { bounces } = body.parse(JSON.parse(text))
    return bounces.map((each) => ({ ...each, messageId: ownId(each.messageId) }))
  } catch {
    return undefined
  }
}

/**
 * Reads a delivery status notification (RFC 3464); undefined when it is none. Anybody can send one, so only the Message-ID of
 * the returned e-mail counts, which nobody but the receiving side knows; never an address. Delays are no bounce.
 */
export async function readDeliveryStatus(email: Buffer): Promise<BounceReport | undefined> {
  const { attachments } = await simpleParser(email, { keepDeliveryStatus: true, skipTextToHtml: true })
  const status = attachments.find(({ contentType }) => contentType === 'message/delivery-status')
  if (!status) return undefined
  // RFC 3464, 2.1: one block about the message, then one for each recipient.
  const blocks = status.content
    .toString('utf8')
    .split(/\r?\n\r?\n/)
    .map(readFields)
  const failed = blocks.find((block) => block.get('action')?.toLowerCase() === 'failed')
  const returned = attachments.find(({ contentType }) => /^(message\/rfc822|text\/rfc822-headers)$/.test(contentType))
  const head = returned?.content.toString('utf8').split(/\r?\n\r?\n/)[0] ?? ''
  const messageId = ownId(readFields(head).get('message-id'))
  if (!failed || !messageId) return {}
  const replyCode = /\b([45]\d\d)\b/.exec(failed.get('diagnostic-code') ?? '')?.[1]
  return {
    messageId,
    status: /^[245]\.\d{1,3}\.\d{1,3}/.exec(failed.get('status') ?? '')?.[0],
    replyCode: replyCode === undefined ? undefined : Number(replyCode),
  }
}

/** Header fields by name in lower case, unfolded; of two of one name the first. */
function readFields(text: string): Map<string, string> {
  const fields = new Map<string, string>()
  for (const line of text.replace(/\r?\n[ \t]+/g, ' ').split(/\r?\n/)) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).trim().toLowerCase()
    if (colon > 0 && !fields.has(name)) fields.set(name, line.slice(colon + 1).trim())
  }
  return fields
}
