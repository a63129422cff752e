import { z } from 'zod'

/** How letters leave. */
export const channelSettings = {
  LETTER_DRIVER: z.enum(['postbox', 'spool']).default('postbox').describe('`postbox` (development) or `spool`'),
  LETTER_SPOOL_DIR: z.string().optional().describe('folder for `LETTER_DRIVER=spool`'),
}
