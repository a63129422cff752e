import type { Context, Middleware } from 'koa'
import { PublicError } from '../../errors.ts'
import type { AddressLimit } from '../../gateways/address-limit.ts'
import type { Limit } from '../../gateways/limiter.ts'

/** Limits of requests that leave something behind before anybody has proven who it is. */
export type RequestLimits = {
  /** Authorization requests of an address, by the minute and by the hour. */
  authorization: readonly AddressLimit[]
  /** Authorization requests of a browser in which somebody has signed in: they count for its address only beyond it. */
  knownBrowser: Limit
  pushed: AddressLimit
}

type Settings = {
  limits: RequestLimits
  now(): Date
  /** The key of a browser in which somebody has signed in before; undefined for every other. */
  browserKey(ctx: Context): string | undefined
}

/**
 * Creates the refusal of more authorization requests and pushed ones (RFC 9126) than an address can need: each is kept for an hour,
 * or until it is used. A known browser has a lane of its own, so that its neighbours cannot use up what it needs; who has copied
 * its cookie cannot either, because the address counts when that lane is used up. `mark` decides before oidc-provider answers,
 * `answer` refuses where pages can be drawn.
 */
export function createRequestLimits({ limits, now, browserKey }: Settings) {
  async function refusedUntil(ctx: Context): Promise<Date | null> {
    if (ctx.path === '/oidc/par' && ctx.method === 'POST') return await limits.pushed.use(ctx.ip)
    // A posted request is led to the same as GET and leaves nothing behind.
    if (ctx.path !== '/oidc/auth' || !['GET', 'HEAD'].includes(ctx.method)) return null
    const browser = browserKey(ctx)
    if (browser && !(await limits.knownBrowser.use(browser))) return null
    for (const limit of limits.authorization) {
      const until = await limit.use(ctx.ip)
      if (until) return until
    }
    return null
  }
  return {
    /** Lets `handler` answer unless the address has sent too many. */
    mark(handler: Middleware): Middleware {
      return async (ctx, next) => {
        const until = await refusedUntil(ctx)
        if (!until) return await handler(ctx, next)
        ctx.state.limitedFor = Math.max(1, Math.ceil((until.getTime() - now().getTime()) / 1000))
        return await next()
      }
    },
    answer: (async (ctx, next) => {
      const retryAfter: number | undefined = ctx.state.limitedFor
      if (!retryAfter) return await next()
      if (ctx.path !== '/oidc/par')
        throw new PublicError('too_many', { detail: 'too many authorization requests', retryAfter })
      ctx.set('Retry-After', String(retryAfter))
      ctx.status = 429
      ctx.body = { error: 'temporarily_unavailable', error_description: 'too many pushed authorization requests' }
    }) as Middleware,
  }
}
