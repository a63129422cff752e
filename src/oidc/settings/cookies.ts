import type { Configuration } from 'oidc-provider'

/**
 * Cookies of oidc-provider: host-bound and Secure under https; plain names on http loopback, where koa refuses Secure
 * (security.md, "sessions"; RFC 6265bis § 4.1.3). Those bound to a path cannot carry `__Host-`.
 */
export function cookieSettings(issuer: string, keys: readonly string[]): Configuration['cookies'] {
  const secure = issuer.startsWith('https://')
  const flags = { signed: true, httpOnly: true, sameSite: 'lax', overwrite: true, secure } as const
  return {
    keys: [...keys],
    names: {
      session: secure ? '__Host-session' : 'session',
      interaction: secure ? '__Secure-interaction' : 'interaction',
      resume: secure ? '__Secure-resume' : 'resume',
    },
    long: { ...flags, path: '/' },
    short: flags,
  }
}
