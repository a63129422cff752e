import { readFileSync } from 'node:fs'
import { StartUpError } from '../../errors.ts'

/** Where and how to connect, as `DATABASE_URL` says it. */
export type DatabaseAddress = {
  hosts: { host: string; port: number }[]
  user: string
  password: string
  database: string
  /** As node:tls takes it; `false`: no TLS. */
  ssl: false | { ca?: string; rejectUnauthorized: boolean; checkServerIdentity?: () => undefined }
  /** Only a server that accepts writes will do (`target_session_attrs=read-write` or `primary`). */
  writable: boolean
}

const parameters = ['sslmode', 'sslrootcert', 'target_session_attrs', 'application_name']
const sslModes = ['disable', 'require', 'verify-ca', 'verify-full']
const attributes = ['any', 'read-write', 'primary']

/**
 * Reads a connection URI of libpq (PostgreSQL documentation, 34.1.1.2) with one or several hosts:
 * `postgres://user:password@one:5432,two:5432/name?target_session_attrs=read-write&sslmode=verify-full&sslrootcert=/ca.pem`.
 * @throws StartUpError naming what is wrong, never the URL itself.
 */
export function parseDatabaseUrl(url: string): DatabaseAddress {
  const [, scheme = '', credentials = '', hosts = '', rest = ''] =
    /^(postgres(?:ql)?:\/\/)([^@/]*@)?([^/?]*)(.*)$/.exec(url) ?? []
  const parsed = parseOrRefuse(`${scheme}${credentials}placeholder${rest}`)
  const query = Object.fromEntries(parsed.searchParams)
  const unknown = Object.keys(query).find((name) => !parameters.includes(name))
  if (unknown) throw refusal(`the parameter ${unknown} is not understood; known are ${parameters.join(', ')}`)
  const target = query.target_session_attrs ?? 'any'
  if (!attributes.includes(target)) throw refusal(`target_session_attrs must be one of ${attributes.join(', ')}`)
  return {
    hosts: hosts.split(',').map(parseHost),
    user: decode(parsed.username) || 'postgres',
    password: decode(parsed.password),
    database: decode(parsed.pathname.slice(1)) || 'postgres',
    ssl: sslOf(query.sslmode, query.sslrootcert),
    writable: target !== 'any',
  }
}

function parseOrRefuse(url: string): URL {
  try {
    return new URL(url)
  } catch {
    throw refusal(
      'it must look like postgres://user:password@host:5432/name; escape special characters of the password',
    )
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw refusal('a % that begins no escape must be written as %25')
  }
}

function parseHost(text: string): { host: string; port: number } {
  const [, bracketed, plain, port = '5432'] = /^(?:\[([^\]]+)\]|([^:]*))(?::(\d{1,5}))?$/.exec(text) ?? []
  const host = bracketed ?? plain
  if (host === undefined) throw refusal('a host must look like host:5432')
  return { host: host || 'localhost', port: Number(port) }
}

function sslOf(mode: string | undefined, caFile: string | undefined): DatabaseAddress['ssl'] {
  if (mode === undefined && caFile === undefined) return false
  const chosen = mode ?? 'verify-full'
  if (!sslModes.includes(chosen)) throw refusal(`sslmode must be one of ${sslModes.join(', ')}`)
  if (chosen === 'disable') return false
  if (chosen === 'require') return { rejectUnauthorized: false }
  const ca = caFile === undefined ? {} : { ca: readCertificate(caFile) }
  return chosen === 'verify-full'
    ? { ...ca, rejectUnauthorized: true }
    : { ...ca, rejectUnauthorized: true, checkServerIdentity: () => undefined }
}

function readCertificate(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw refusal(`the file of sslrootcert, ${path}, cannot be read (${(error as NodeJS.ErrnoException).code})`)
  }
}

const refusal = (fault: string) => new StartUpError(`DATABASE_URL is not valid: ${fault}.`)
