import { z } from 'zod'
import { alsoFromFile } from './types.ts'

/** How e-mails leave, and how it is told that they came back. */
export const emailSettings = {
  SMTP_URL: z
    .string()
    .regex(/^smtps?:\/\//, 'must begin with smtp:// or smtps://')
    .optional()
    .meta(alsoFromFile('`smtp://…` or `smtps://…`, mail relay; unset: postbox (development); required in production')),
  SMTP_TLS: z
    .enum(['required', 'optional'])
    .default('required')
    .describe(
      '`required`: with `smtp://` nothing leaves without STARTTLS, except to loopback; `optional`: where the relay offers it',
    ),
  SMTP_CA_FILE: z.string().optional().describe('PEM file of the authorities that sign the certificate of the relay'),
  SMTP_ENVELOPE_FROM: z
    .email()
    .optional()
    .describe('address to which mail servers return what cannot be delivered; unset: the sender of `insurer.yaml`'),
  SMTP_DKIM_DOMAIN: z.string().optional().describe('domain that signs e-mails (DKIM); unset: the relay signs'),
  SMTP_DKIM_SELECTOR: z.string().optional().describe('selector of the key in the DNS of `SMTP_DKIM_DOMAIN`'),
  SMTP_DKIM_KEY: z
    .string()
    .optional()
    .meta(alsoFromFile('private RSA key in PEM (2048 bits or more) that signs e-mails')),
  EMAIL_BOUNCE_SECRET: z
    .string()
    .min(32)
    .optional()
    .meta(alsoFromFile('secret of at least 32 characters under which the relay signs its reports of bounces')),
}
