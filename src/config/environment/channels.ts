import { z } from 'zod'
import { alsoFromFile } from './types.ts'

/** How e-mails and letters leave. */
export const channelSettings = {
  SMTP_URL: z
    .string()
    .regex(/^smtps?:\/\//, 'must begin with smtp:// or smtps://')
    .optional()
    .meta(alsoFromFile('`smtp://…` or `smtps://…`, mail relay; unset: postbox (development); required in production')),
  LETTER_DRIVER: z.enum(['postbox', 'spool']).default('postbox').describe('`postbox` (development) or `spool`'),
  LETTER_SPOOL_DIR: z.string().optional().describe('folder for `LETTER_DRIVER=spool`'),
}
