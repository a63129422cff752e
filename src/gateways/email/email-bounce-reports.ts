import { z } from 'zod'
import { type BounceReason, classifyBounce } from '../../domain/messages/email-bounce.ts'
import { ownId } from './message-id.ts'

/** A report of our relay that an e-mail came back. `messageId`: our id of the message; `address`: the recipient that failed. */
export type BounceReport = { messageId?: string; address?: string; reason: BounceReason }

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

/**
 * Reads what a relay posts: `{ bounces: [{ messageId, address, status, replyCode }] }`; undefined when it is not that. What arrived
 * (`2.x.x`, RFC 3463) is reported by some beside the rest, and is no bounce.
 */
export function readBounceReports(text: string): BounceReport[] | undefined {
  try {
    const { bounces } = body.parse(JSON.parse(text))
    return bounces
      .filter(({ status }) => !status?.startsWith('2'))
      .map(({ messageId, address, status, replyCode }) => ({
        messageId: ownId(messageId),
        address,
        reason: classifyBounce(status, { replyCode }),
      }))
  } catch {
    return undefined
  }
}
