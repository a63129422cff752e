import type { Middleware } from 'koa'
import type { Logger } from 'pino'
import { type RequestContext, requestIdOf, traceIdOf } from '../gateways/request-context.ts'

type Settings = {
  log: Logger
  requests: RequestContext
  /** Whether a proxy before this process sets `X-Request-Id` itself. */
  trustProxy: boolean
}

/**
 * Gives each request its id, answers it in `X-Request-Id`, and logs one line per request. Paths may hold tokens, so only
 * their shape is written; addresses and fields never are.
 */
export function createRequestLog({ log, requests, trustProxy }: Settings): Middleware {
  return (ctx, next) => {
    const requestId = requestIdOf(trustProxy ? ctx.get('X-Request-Id') : undefined)
    const traceId = traceIdOf(ctx.get('traceparent'))
    ctx.state.requestId = requestId
    ctx.set('X-Request-Id', requestId)
    return requests.run({ requestId, ...(traceId && { traceId }) }, async () => {
      const started = performance.now()
      try {
        await next()
      } finally {
        const milliseconds = Math.round(performance.now() - started)
        const line = { method: ctx.method, path: shapeOf(ctx.path), status: ctx.status, milliseconds }
        log[ctx.status >= 500 ? 'warn' : 'debug'](line, 'request')
      }
    })
  }
}

/** Replaces every part of a path that could be a token or an id. */
function shapeOf(path: string): string {
  return path
    .split('/')
    .map((part) => (/^[a-z-]{0,30}(\.[a-z]{1,5})?$/.test(part) ? part : ':id'))
    .join('/')
}
