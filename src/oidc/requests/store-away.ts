import type { Context, Next } from 'koa'
import type Provider from 'oidc-provider'
import { isStoreAway } from '../../http/middleware/errors.ts'

/** Seconds after which asking again may help. */
const retryAfter = 10

/** Protocol addresses at which a person looks. */
const pages = /^\/oidc\/(auth|logout)(\/|$)/

/**
 * Answers 503 where oidc-provider, which takes a store that is away for a fault of its own, would answer 500 or send the
 * browser back to the application with `server_error`: persons get our page, applications `temporarily_unavailable`.
 */
export function answerStoreAway(
  provider: Provider,
  showUnavailable: (ctx: Context, error: Error) => Promise<void>,
): void {
  const faults = new WeakMap<object, Error>()
  provider.on('server_error', (ctx, error) => {
    if (isStoreAway(error)) faults.set(ctx.req, error)
  })
  provider.use(async (ctx: Context, next: Next) => {
    try {
      await next()
    } catch (error) {
      if (!isStoreAway(error)) throw error
      faults.set(ctx.req, error as Error)
    }
    const fault = faults.get(ctx.req)
    if (!fault) return
    ctx.remove('Location')
    ctx.remove('Set-Cookie')
    ctx.set('Retry-After', String(retryAfter))
    ctx.status = 503
    if (pages.test(ctx.path)) return await showUnavailable(ctx, fault)
    ctx.body = { error: 'temporarily_unavailable', error_description: 'try again in a moment' }
  })
}
