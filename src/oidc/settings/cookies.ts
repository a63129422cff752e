import type { Configuration } from 'oidc-provider'
import { createCookieSigner } from '../../http/cookies.ts'

const isSecure = (issuer: string) => issuer.startsWith('https://')

/** Names of the cookies of oidc-provider. */
export function cookieNames(issuer: string) {
  const secure = isSecure(issuer)
  return {
    session: secure ? '__Host-session' : 'session',
    interaction: secure ? '__Secure-interaction' : 'interaction',
    resume: secure ? '__Secure-resume' : 'resume',
  }
}

const flagsOf = (issuer: string) =>
  ({ signed: true, httpOnly: true, sameSite: 'lax', overwrite: true, secure: isSecure(issuer) }) as const

/** How the cookie of a session is set, and taken away. */
export const sessionCookie = (issuer: string) => ({ ...flagsOf(issuer), path: '/' })

/**
 * Cookies of oidc-provider: host-bound and Secure under https; plain names on http loopback, where koa refuses Secure
 * (security.md, "sessions"; RFC 6265bis § 4.1.3). Those bound to a path cannot carry `__Host-`.
 */
export function cookieSettings(issuer: string, keys: readonly string[]): Configuration['cookies'] {
  return {
    keys: createCookieSigner(keys),
    names: cookieNames(issuer),
    long: sessionCookie(issuer),
    short: flagsOf(issuer),
  }
}
