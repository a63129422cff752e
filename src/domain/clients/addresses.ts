import { isLoopbackHost } from '../network/loopback.ts'

/** Schemes under which Capacitor and Ionic show the pages of an app. */
const webViewSchemes = ['capacitor:', 'ionic:']

/** Says what is wrong with an address of a client; `mayBeOwnScheme`: apps on devices are returned to by one (RFC 8252 § 7.1). */
export function addressFault(value: string, mayBeOwnScheme: boolean): string | undefined {
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

/** Says what is wrong with an origin of pages that call token and userinfo endpoints from a browser or a web view (Fetch Standard § 3.2). */
export function originFault(origin: string): string | undefined {
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
