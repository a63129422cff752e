import type { Middleware } from 'koa'

/**
 * Makes every address that oidc-provider publishes, and the Secure flag of its cookies, follow the issuer. Otherwise
 * the Host header of a request would decide them (OWASP ASVS 5, 4.1.1), and a proxy that ends TLS would turn them to http.
 */
export function createPublicAddress(issuer: string): Middleware {
  const { protocol, host } = new URL(issuer)
  const fixed = { protocol: { get: () => protocol.slice(0, -1) }, host: { get: () => host } }
  return (ctx, next) => {
    Object.defineProperties(ctx.request, fixed)
    return next()
  }
}
