import { isLoopbackHost } from '../../domain/loopback.ts'
import { type ClientEntry, memberScopes } from './schema.ts'

/** A fault inside an entry: where, and what mends it. */
export type Fault = { path: (string | number)[]; message: string }

/** Finds what does not belong together in an entry (RFC 6749 § 3.1.2, RFC 8252, RFC 9700 § 2). */
export function clientFaults(entry: ClientEntry): Fault[] {
  return [
    ...addressFaults(entry),
    ...originFaults(entry),
    ...kindFaults(entry),
    ...authenticationFaults(entry),
    ...scopeFaults(entry),
  ]
}

function addressFaults(entry: ClientEntry): Fault[] {
  const lists = ['redirect_uris', 'post_logout_redirect_uris'] as const
  const singles = ['initiate_login_uri', 'client_uri', 'backchannel_logout_uri', 'jwks_uri'] as const
  const places = [
    ...lists.flatMap((key) => entry[key].map((value, index) => ({ path: [key, index], value, app: true }))),
    ...singles.flatMap((key) => (entry[key] ? [{ path: [key], value: entry[key], app: false }] : [])),
  ]
  return places.flatMap(({ path, value, app }) => {
    const message = addressFault(value, app && entry.kind === 'native')
    return message ? [{ path, message }] : []
  })
}

/** Schemes under which Capacitor and Ionic show the pages of an app. */
const webViewSchemes = ['capacitor:', 'ionic:']

function addressFault(value: string, mayBeOwnScheme: boolean): string | undefined {
  if (value.includes('*')) return `has a wildcard; write every address out, they are compared exactly`
  if (value.includes('#')) return 'has a fragment; leave out # and what follows'
  const url = URL.parse(value)
  if (!url) return `is no address; write it in full, for example https://portal.example.org/callback`
  if (url.username || url.password) return 'carries a user name or password; leave them out'
  const spelling = spellingFault(value, url)
  if (spelling) return spelling
  if (url.protocol === 'https:') return undefined
  if (url.protocol === 'http:')
    return isLoopbackHost(url.hostname) ? undefined : 'uses http, which is for localhost and 127.0.0.1 only; use https'
  if (!mayBeOwnScheme) return `uses ${url.protocol} – only kind: native may have a scheme of its own; use https`
  // The page of an app in its web view: nothing outside the app opens it.
  if (webViewSchemes.includes(url.protocol) && url.host === 'localhost') return undefined
  // A scheme in reverse domain order belongs to somebody (RFC 8252 § 7.1).
  return url.protocol.includes('.') ? undefined : `has the scheme ${url.protocol}; use one like org.example.app:`
}

/** What a parser mends in silence, while addresses are compared character by character, and another parser reads as another host. */
function spellingFault(value: string, { href, protocol }: URL): string | undefined {
  if (/[^!-~]|\\/.test(value)) return `holds a blank, a backslash or a letter beyond ASCII; write it as ${href}`
  if (/^https?:$/.test(protocol) && !/^https?:\/\/[^/]/i.test(value))
    return `has not two slashes before its host; write it as ${href}`
  return /\/\.{1,2}(\/|$)/.test(value.split('?')[0] ?? '')
    ? `has dots for a part of its path; write it as ${href}`
    : undefined
}

/** Origins of pages that call token and userinfo endpoints from a browser or a web view (Fetch Standard § 3.2). */
function originFaults({ kind, web_origins: origins }: ClientEntry): Fault[] {
  if (origins.length > 0 && kind !== 'single-page' && kind !== 'native') {
    const message = `does not fit kind: ${kind}, whose server calls the endpoints; leave it out`
    return [{ path: ['web_origins'], message }]
  }
  return origins.flatMap((origin, index) => {
    const message = originFault(origin)
    return message ? [{ path: ['web_origins', index], message }] : []
  })
}

function originFault(origin: string): string | undefined {
  if (origin.includes('*')) return 'has a wildcard; write every origin out'
  const url = URL.parse(origin)
  if (!url || origin !== `${url.protocol}//${url.host}`)
    return 'is no origin; write scheme and host only, in small letters, for example https://app.example.org'
  if (url.protocol === 'https:') return undefined
  if (url.hostname === 'localhost') return undefined
  // Web views call their page `tauri.localhost`, which is this machine everywhere (RFC 6761, 6.3).
  const isLocal = isLoopbackHost(url.hostname) || url.hostname.endsWith('.localhost')
  if (url.protocol === 'http:') return isLocal ? undefined : 'uses http; use https'
  return 'has a scheme of its own and a host other than localhost; web views have capacitor://localhost, ionic://localhost'
}

function kindFaults(entry: ClientEntry): Fault[] {
  if (entry.kind === 'service') {
    const keys = ['redirect_uris', 'post_logout_redirect_uris'] as const
    const given = keys.filter((key) => entry[key].length > 0)
    const single = (['initiate_login_uri', 'backchannel_logout_uri'] as const).filter((key) => entry[key])
    return [...given, ...single].map((key) => ({ path: [key], message: 'does not fit kind: service; leave it out' }))
  }
  if (entry.redirect_uris.length === 0)
    return [{ path: ['redirect_uris'], message: `is empty; kind: ${entry.kind} needs at least one address` }]
  const hosts = new Set(entry.redirect_uris.map((uri) => URL.parse(uri)?.host))
  if (entry.first_party || hosts.size === 1) return []
  const message = 'names several hosts; a third party has one, because its subject identifiers depend on it'
  return [{ path: ['redirect_uris'], message }]
}

/** Whoever keeps a secret and is the insurer's own may ask about the access tokens of others, unless the entry says otherwise. */
export const mayIntrospect = (entry: ClientEntry): boolean =>
  entry.may_introspect ?? (entry.first_party && authenticationMethod(entry) !== 'none')

function authenticationFaults(entry: ClientEntry): Fault[] {
  const method = authenticationMethod(entry)
  const faults: Fault[] = []
  const fault = (key: keyof ClientEntry, message: string) => faults.push({ path: [key], message })
  const open = entry.kind === 'single-page' || entry.kind === 'native'
  if (entry.may_introspect && method === 'none')
    fault('may_introspect', 'needs a secret or a key: without one anybody could ask in its name; leave it out')
  if (open && method !== 'none')
    fault('token_endpoint_auth_method', `does not fit kind: ${entry.kind}, which cannot keep a secret; leave it out`)
  if (open && entry.client_secret) fault('client_secret', `does not fit kind: ${entry.kind}; leave it out`)
  if (!open && method === 'none')
    fault('client_secret', `is missing; kind: ${entry.kind} needs client_secret, jwks_uri or jwks_file`)
  if (method.startsWith('client_secret') && !entry.client_secret)
    fault('client_secret', `is missing; ${method} needs it, for example { from: env:PORTAL_SECRET }`)
  if (method === 'private_key_jwt' && entry.client_secret)
    fault('client_secret', 'is not used by private_key_jwt; leave it out')
  const keys = [entry.jwks_uri, entry.jwks_file].filter(Boolean).length
  if (method === 'private_key_jwt' && keys !== 1)
    fault('jwks_uri', 'or jwks_file: private_key_jwt needs exactly one of them')
  if (method !== 'private_key_jwt' && keys > 0)
    fault(entry.jwks_uri ? 'jwks_uri' : 'jwks_file', `is not used by ${method}; set private_key_jwt or leave it out`)
  return faults
}

/** How a client proves itself: as it says, else by what it has. */
export function authenticationMethod(entry: ClientEntry): NonNullable<ClientEntry['token_endpoint_auth_method']> {
  if (entry.token_endpoint_auth_method) return entry.token_endpoint_auth_method
  if (entry.client_secret) return 'client_secret_basic'
  return entry.jwks_uri || entry.jwks_file ? 'private_key_jwt' : 'none'
}

function scopeFaults(entry: ClientEntry): Fault[] {
  const known = new Set<string>(memberScopes)
  if (entry.kind === 'service')
    return entry.scopes.flatMap((scope, index) =>
      known.has(scope) ? [{ path: ['scopes', index], message: `${scope} is for members; a service has none` }] : [],
    )
  const faults: Fault[] = entry.scopes.flatMap((scope, index) =>
    known.has(scope)
      ? []
      : [{ path: ['scopes', index], message: `${scope} is unknown; use ${memberScopes.join(', ')}` }],
  )
  return entry.scopes.includes('openid') ? faults : [...faults, { path: ['scopes'], message: 'must contain openid' }]
}
