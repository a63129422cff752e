import { z } from 'zod'
import { alsoFromFile } from './types.ts'

const schemes = ['https:', 'http:', 'syslog+tls:', 'syslog+tcp:']

const receiverUrl = z.string().transform((given, context): URL => {
  const fault = (message: string) => {
    context.addIssue({ code: 'custom', message })
    return z.NEVER
  }
  const url = URL.parse(given)
  if (!url?.hostname || !schemes.includes(url.protocol))
    return fault('must begin with https://, syslog+tls:// or syslog+tcp://')
  if (url.username || url.password) return fault('must hold no user name or password; set AUDIT_STREAM_TOKEN')
  if (url.protocol.startsWith('syslog') && (url.pathname.length > 1 || url.search))
    return fault('must be a host and a port for syslog, as syslog+tls://siem.example.org:6514')
  return url
})

/** Where events of the audit log are told as they happen. */
export const auditStreamSettings = {
  AUDIT_STREAM_URL: receiverUrl
    .optional()
    .describe(
      'receiver of every audit event (SIEM): `https://…` takes lines of JSON, `syslog+tls://host:6514` and `syslog+tcp://host:601` take RFC 5424; unset: none. See [audit.md](audit.md#to-a-siem)',
    ),
  AUDIT_STREAM_TOKEN: z
    .string()
    .regex(/^[\x21-\x7e]+$/, 'must be visible characters of ASCII')
    .optional()
    .meta(alsoFromFile('bearer token for `AUDIT_STREAM_URL` with `https://`')),
  AUDIT_STREAM_CA_FILE: z
    .string()
    .optional()
    .describe('PEM file of the authorities that sign the certificate of the receiver; read anew for each connection'),
  AUDIT_STREAM_CERT_FILE: z
    .string()
    .optional()
    .describe('PEM file of the certificate that the service shows the receiver; read anew for each connection'),
  AUDIT_STREAM_KEY_FILE: z.string().optional().describe('PEM file of the key of `AUDIT_STREAM_CERT_FILE`'),
}
