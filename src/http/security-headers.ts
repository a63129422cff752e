import type { Context, Middleware } from 'koa'

/** Sets the headers of security.md on every answer. Pages of a journey are never stored by anyone. */
export function createSecurityHeaders({ secure }: { secure: boolean }): Middleware {
  return async (ctx, next) => {
    ctx.set('Content-Security-Policy', contentSecurityPolicy())
    ctx.set('X-Content-Type-Options', 'nosniff')
    ctx.set('X-Frame-Options', 'DENY')
    // Under no-referrer browsers send `Origin: null` with forms.
    ctx.set('Referrer-Policy', 'same-origin')
    ctx.set('Permissions-Policy', 'camera=(), geolocation=(), microphone=(), payment=(), usb=()')
    ctx.set('Cache-Control', 'no-store')
    if (secure) ctx.set('Strict-Transport-Security', 'max-age=63072000; includeSubDomains')
    await next()
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
