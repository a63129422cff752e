import { z } from 'zod'
import { flag } from './types.ts'

/** For development, sandboxes and load runs. */
export const developmentSettings = {
  IP_LIMIT_FACTOR: z.coerce
    .number()
    .positive()
    .default(1)
    .describe(
      'multiplies the limits per client address only, for load runs from one address; leave it at 1 in production',
    ),
  SANDBOX: flag
    .default(false)
    .describe('development mode on other than loopback addresses; only demo persons may be imported'),
  DEMO_REDIRECT_URIS: z
    .string()
    .optional()
    .describe('`clientId=uri`, comma-separated: further redirect addresses of the demo clients (development)'),
  DEMO_CLIENT_SECRET: z
    .string()
    .optional()
    .describe('secret of the confidential demo clients (development); unset: made at the first start'),
}
