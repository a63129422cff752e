import pino, { type Logger } from 'pino'
import { UnreadableRow } from '../errors.ts'

/** Fields that never reach a log, wherever they stand in a line (security.md, "Never in logs"). */
export const redacted = [
  'password',
  'passwordRepeat',
  'passwordHash',
  'mtan',
  'code',
  'unlockCode',
  'securityAnswer',
  'insuranceNumber',
  'username',
  'email',
  'mobile',
  'to',
  'text',
  'html',
  'token',
  'link',
  'cookie',
  'authorization',
  'payload',
  'address',
  'access_token',
  'refresh_token',
  'id_token',
  'client_secret',
  'logoutToken',
  'birthDate',
  'givenName',
  'familyName',
  // Requests as node and koa hold them, should somebody ever log one whole.
  'headers',
  'cookies',
  'set-cookie',
  'proxy-authorization',
  'x-forwarded-for',
  'body',
  'query',
  'params',
  // Parameters of OpenID Connect.
  'login_hint',
  'loginHint',
  'code_verifier',
  'client_assertion',
  'logout_token',
  // Fields of SMPP, and of a message that bounced.
  'destination_addr',
  'source_addr',
  'short_message',
  'message_payload',
  'recipient',
  'bindings',
]

/** Creates the log: one line of JSON per event on stdout; `fields` gives what each line says of the request it belongs to. */
export function createLogger(level: string, fields?: () => object): Logger {
  return pino({
    level,
    mixin: fields,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: {
      paths: redacted.flatMap((name) => [`["${name}"]`, `*["${name}"]`, `*.*["${name}"]`]),
      censor: '[redacted]',
    },
    serializers: { err: serializeError },
  })
}

/** Parsers quote what they could not read, and relays whom they could not reach: quoted parts, addresses and numbers go. */
const withoutQuotes = (message: string) =>
  message.replace(/(["'`]).*\1/gs, '…').replace(/\S*@\S*|[A-Z+]?\d[\d /-]{6,}\d/g, '…')

/** Errors of a database quote the statement and its values: only class, code, and where it came from are kept. */
function serializeError(error: Error & { code?: string; detail?: string; routine?: string }) {
  if (!(error instanceof Error)) return { type: typeof error }
  const fromDatabase = error.routine !== undefined || /^(insert|update|select|delete|with) /i.test(error.message)
  const message = fromDatabase
    ? error.message
        .split(' - ')
        .at(-1)
        ?.replace(/".*?"|'.*?'|\(.*?\)/g, '…')
    : withoutQuotes(error.message)
  const stack = error.stack
    ?.split('\n')
    .filter((line) => line.trim().startsWith('at '))
    .slice(0, 12)
    .join('\n')
  const row = error instanceof UnreadableRow ? { table: error.table, row: error.row } : {}
  return { type: error.name, errorCode: error.code, message, ...row, stack }
}
