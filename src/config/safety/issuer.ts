import { isIP } from 'node:net'
import { isLoopbackHost } from '../../domain/network/loopback.ts'
import { type Finding, fault, type Rule, risk } from './rule.ts'

const example = 'for example https://anmeldung.example.org'

/**
 * The issuer is a scheme, a host and perhaps a port (OpenID Connect Discovery 3, RFC 8414 § 2: no query, no fragment); every published
 * address begins with it, and applications compare it character by character.
 */
export const issuerRule: Rule = ({ environment: { ISSUER: given, NODE_ENV } }) => {
  const url = URL.parse(given ?? '')
  if (!given || !url) return []
  const production = NODE_ENV === 'production'
  const faults = shapeFaults(given, url)
  if (faults.length > 0) return faults
  if (url.protocol !== 'https:' && (production || url.protocol !== 'http:'))
    return fault(
      true,
      'ISSUER',
      `ISSUER must begin with https:// ${production ? 'in production' : 'or http://'}, ${example}`,
    )
  const host = url.hostname.replace(/^\[|\]$/g, '')
  return [
    ...fault(given.replace(/\/$/, '') !== url.origin, 'ISSUER', `ISSUER must be written as ${url.origin}`),
    ...risk(production && isLoopbackHost(host), 'ISSUER', 'is an address that means another machine to everybody else'),
    ...risk(production && isIP(host), 'ISSUER', 'is a number; passkeys and cookies need a host name'),
  ]
}

function shapeFaults(given: string, url: URL): Finding[] {
  return [
    ...fault(url.username || url.password, 'ISSUER', `ISSUER must hold no user name or password, ${example}`),
    ...fault(given.includes('?'), 'ISSUER', `ISSUER must hold no query, ${example}`),
    ...fault(given.includes('#'), 'ISSUER', `ISSUER must hold no fragment, ${example}`),
    ...fault(url.pathname !== '/' && url.pathname !== '', 'ISSUER', `ISSUER must hold no path, ${example}`),
  ]
}
