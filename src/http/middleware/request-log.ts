import { randomUUID } from 'node:crypto'
import type { Context, Middleware } from 'koa'
import type { Logger } from 'pino'
import { type TrustedProxies, trustsPeer } from '../../domain/network/trusted-proxies.ts'
import { foreignIdOf, type RequestContext, traceIdOf } from '../../process/request-context.ts'

type Settings = {
  log: Logger
  requests: RequestContext
  /** Whose `X-Request-Id` and `traceparent` count. */
  trusted: TrustedProxies
  /** Names the route of a request that has been answered, in words of the code. */
  routeOf(ctx: Context): string
  methodOf(ctx: Context): string
}

/**
 * Gives each request an id of ours, answers it in `X-Request-Id`, and logs one line per request. The id that a trusted proxy
 * gave it stands beside it, as `proxyRequestId`. Nothing that a requester can word is written: routes, no paths.
 */
export function createRequestLog({ log, requests, trusted, routeOf, methodOf }: Settings): Middleware {
  return (ctx, next) => {
    const requestId = randomUUID()
    const believed = trustsPeer(trusted, ctx.req.socket.remoteAddress)
    const proxyRequestId = believed ? foreignIdOf(ctx.get('X-Request-Id')) : undefined
    const traceId = traceIdOf(believed ? ctx.get('traceparent') : undefined)
    ctx.state.requestId = requestId
    ctx.set('X-Request-Id', requestId)
    const fields = { requestId, ...(proxyRequestId && { proxyRequestId }), ...(traceId && { traceId }) }
    return requests.run(fields, async () => {
      const started = performance.now()
      try {
        await next()
      } finally {
        const milliseconds = Math.round(performance.now() - started)
        const line = { method: methodOf(ctx), path: routeOf(ctx), status: ctx.status, milliseconds }
        log[ctx.status >= 500 ? 'warn' : 'debug'](line, 'request')
      }
    })
  }
}
