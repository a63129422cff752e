import type { Middleware } from 'koa'
import { IssuerAwayError } from './clients.ts'
import type { ShowPage } from './pages.ts'

/** Sets the headers of every answer; forms may lead to the issuer, because browsers apply `form-action` to redirects too. */
export function createHeaders(issuerOrigin: string): Middleware {
  const policy = [
    "default-src 'none'",
    "style-src 'self'",
    "img-src 'self'",
    `form-action 'self' ${issuerOrigin}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; ')
  return async (ctx, next) => {
    ctx.set('Content-Security-Policy', policy)
    ctx.set('X-Content-Type-Options', 'nosniff')
    ctx.set('Referrer-Policy', 'same-origin')
    ctx.set('Cache-Control', 'no-store')
    await next()
  }
}

/**
 * Refuses forms that another site or port sends (OWASP CSRF cheat sheet, origin check); `exempt` paths take messages of the
 * issuer, which are checked by `state` or signature instead.
 */
export function createOriginCheck(base: string, exempt: string[]): Middleware {
  return async (ctx, next) => {
    const foreign = ctx.method !== 'GET' && ctx.method !== 'HEAD' && ctx.get('origin') !== base
    if (foreign && !exempt.includes(ctx.path)) ctx.throw(403, 'foreign origin')
    await next()
  }
}

/** Keeps to one host name: the session cookie set at `127.0.0.1` would not come back to the callback at `localhost`. */
export function createOneHostName(base: string): Middleware {
  const { host, port } = new URL(base)
  return async (ctx, next) => {
    const alias = [`127.0.0.1:${port}`, `[::1]:${port}`].includes(ctx.host)
    if (alias && ctx.host !== host && ctx.method === 'GET') return ctx.redirect(base + ctx.url)
    await next()
  }
}

/** Turns faults into pages; an issuer that cannot be reached into 503 with the advice to wait. */
export function createFaultPages(show: ShowPage, log: (message: string) => void): Middleware {
  return async (ctx, next) => {
    try {
      await next()
      if (ctx.status === 404 && ctx.body === undefined) {
        await show(
          ctx,
          'fault',
          { title: 'Diese Seite gibt es nicht', advice: 'Bitte beginnen Sie auf der Startseite.' },
          404,
        )
      }
    } catch (error) {
      log((error as Error).message)
      await showFault(ctx, error, show)
    }
  }
}

async function showFault(ctx: Parameters<Middleware>[0], error: unknown, show: ShowPage): Promise<void> {
  if (error instanceof IssuerAwayError) {
    ctx.set('Retry-After', '5')
    const advice = 'Bitte versuchen Sie es in einer Minute noch einmal.'
    return await show(ctx, 'fault', { title: 'Die Anmeldung ist gerade nicht erreichbar', advice }, 503)
  }
  const status = (error as { status?: number }).status
  if (status && status < 500) {
    const advice = 'Bitte beginnen Sie noch einmal auf der Startseite.'
    return await show(ctx, 'fault', { title: 'Diese Anfrage war nicht in Ordnung', advice }, status)
  }
  const advice = 'Das liegt nicht an Ihnen. Bitte versuchen Sie es noch einmal.'
  await show(ctx, 'fault', { title: 'Bei uns ist etwas schiefgegangen', advice }, 500)
}
