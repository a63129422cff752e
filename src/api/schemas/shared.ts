import { z } from 'zod'
import { parseReason } from '../../domain/staff/reason.ts'

/** How many of a list, and where it goes on. */
export const pageQuery = {
  limit: z
    .string()
    .regex(/^([1-9]|[1-9]\d|1\d\d|200)$/, 'takes 1 to 200')
    .optional()
    .describe('How many at most, 1 to 200; 50 unless told'),
  cursor: z.string().min(1).max(200).optional().describe('`next` of the page before'),
}

export const limitOf = ({ limit }: { limit?: string | undefined }): number => Number(limit ?? 50)

export const next = z.string().nullable().describe('`cursor` of the next page; null: this is the last one')

/** Why something is done; it stands in the audit log for years. */
export const reason = z
  .string()
  .max(1000)
  .transform((text, context) => {
    const read = parseReason(text)
    if (read.ok) return read.value
    context.addIssue({ code: 'custom', message: 'takes 3 to 300 characters, without personal data' })
    return z.NEVER
  })
  .describe('Why, in 3 to 300 characters without personal data')

/** Body and query of nothing. */
export const nothing = z.strictObject({})

export const instant = z.iso.datetime()
