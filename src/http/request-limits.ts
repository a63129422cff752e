import type { Context, Middleware } from 'koa'
import { PublicError } from '../errors.ts'
import type { AddressLimit } from '../gateways/address-limit.ts'
import type { Limit } from '../gateways/limiter.ts'

/** Limits of requests that leave something behind before anybody has proven who it is. */
export type RequestLimits = {
  /** Authorization requests of an address, by the minute and by the hour. */
  authorization: readonly AddressLimit[]
  /** Authorization requests of a browser that has a session: it shares no limit with its neighbours. */
  session: Limit
  pushed: AddressLimit
}

type Settings = {
  limits: RequestLimits
  now(): Date
  /** What names the session of a browser that brings one; undefined without. */
  sessionKey(ctx: Context): string | undefined
}

/**
 * Creates the refusal of more authorization requests and pushed ones (RFC 9126) than an address can need: each is kept for an hour,
 * or until it is used. `mark` decides before oidc-provider answers, `answer` refuses where pages can be drawn.
 */
export function createRequestLimits({ limits, now, sessionKey }: Settings) {
  async function refusedUntil(ctx: Context): Promise<Date | null> {
    if (ctx.path === '/oidc/par') return await limits.pushed.use(ctx.ip)
    if (ctx.path !== '/oidc/auth') return null
    const session = sessionKey(ctx)
    if (session) return await limits.session.use(session)
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
