import { z } from 'zod'
import { alsoFromFile } from './types.ts'

/** How SMS leave. */
export const smsSettings = {
  SMS_DRIVER: z
    .enum(['postbox', 'http', 'gateways'])
    .default('postbox')
    .describe(
      '`postbox` (development), `http` (one gateway at `SMS_GATEWAY_URL`) or `gateways` (those of `sms.yaml`, by HTTP or SMPP)',
    ),
  SMS_GATEWAY_URL: z
    .url({ protocol: /^https?$/, error: 'must begin with https://' })
    .optional()
    .meta(alsoFromFile('address of the SMS gateway for `SMS_DRIVER=http`')),
}
