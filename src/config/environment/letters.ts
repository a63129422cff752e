import { z } from 'zod'

/** Where the print shop collects: user, host, port and folder of `LETTER_SFTP_URL`. */
export type SftpAddress = { host: string; port: number; user: string; folder: string }

const sftpUrl = z.string().transform((given, context): SftpAddress => {
  const fault = (message: string) => {
    context.addIssue({ code: 'custom', message })
    return z.NEVER
  }
  if (!URL.canParse(given)) return fault('must look like sftp://user@host:22/path')
  const { protocol, username, password, hostname, port, pathname } = new URL(given)
  if (protocol !== 'sftp:' || !username || !hostname) return fault('must look like sftp://user@host:22/path')
  if (password) return fault('must hold no password; the service signs in with LETTER_SFTP_KEY_FILE')
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port || 22),
    user: decodeURIComponent(username),
    folder: pathname === '' ? '.' : decodeURIComponent(pathname),
  }
})

const hostKeys = z
  .string()
  .transform((list) => list.split(',').map((key) => key.trim()))
  .refine(
    (keys) => keys.every((key) => /^SHA256:[A-Za-z0-9+/]{43}$/.test(key)),
    'must be fingerprints as ssh-keygen -lf shows them, SHA256:…, separated by commas',
  )

/** How letters leave. */
export const letterSettings = {
  LETTER_DRIVER: z
    .enum(['postbox', 'spool', 'sftp'])
    .default('postbox')
    .describe('`postbox` (development), `spool` (a folder) or `sftp` (the print shop’s server)'),
  LETTER_SPOOL_DIR: z.string().optional().describe('folder for `LETTER_DRIVER=spool`'),
  LETTER_SFTP_URL: sftpUrl
    .optional()
    .describe('`sftp://user@host:22/path` for `LETTER_DRIVER=sftp`; the path is absolute there, none: the user’s home'),
  LETTER_SFTP_KEY_FILE: z
    .string()
    .optional()
    .describe('private key for `LETTER_DRIVER=sftp` (OpenSSH or PEM, no passphrase); read anew for each connection'),
  LETTER_SFTP_HOST_KEYS: hostKeys
    .optional()
    .describe('fingerprints of the server’s host keys for `LETTER_DRIVER=sftp`, `SHA256:…`, separated by commas'),
}
