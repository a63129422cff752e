import type { Context, Middleware } from 'koa'

/** The headers of security.md for every answer, whoever gives it. Pages of a journey are never stored by anyone. */
export const securityHeaders = ({ secure }: { secure: boolean }): Record<string, string> => ({
  'Content-Security-Policy': contentSecurityPolicy(),
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  // Under no-referrer browsers send `Origin: null` with forms.
  'Referrer-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  'Cache-Control': 'no-store',
  ...(secure && { 'Strict-Transport-Security': 'max-age=63072000; includeSubDomains' }),
})

/** Sets the security headers before anything answers. */
export function createSecurityHeaders({ secure }: { secure: boolean }): Middleware {
  return (ctx, next) => {
    ctx.set(securityHeaders({ secure }))
    return next()
  }
}

/** Lets the redirects after this page's forms reach `sources`: browsers apply `form-action` to them too (CSP 3, 6.4.1). */
export function allowFormAction(ctx: Context, sources: readonly string[]): void {
  ctx.set('Content-Security-Policy', contentSecurityPolicy(sources))
}

function contentSecurityPolicy(formAction: readonly string[] = []): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    ["form-action 'self'", ...formAction].join(' '),
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; ')
}
