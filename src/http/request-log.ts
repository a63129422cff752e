import { randomUUID } from 'node:crypto'
import type { Middleware } from 'koa'
import type { Logger } from 'pino'

/** Logs one line per request. Paths may hold tokens, so only their shape is written; addresses and fields never are. */
export function createRequestLog(log: Logger): Middleware {
  return async (ctx, next) => {
    const started = performance.now()
    ctx.state.requestId = randomUUID()
    try {
      await next()
    } finally {
      const milliseconds = Math.round(performance.now() - started)
      const line = {
        requestId: ctx.state.requestId,
        method: ctx.method,
        path: shapeOf(ctx.path),
        status: ctx.status,
        milliseconds,
      }
      log[ctx.status >= 500 ? 'warn' : 'debug'](line, 'request')
    }
  }
}

/** Replaces every part of a path that could be a token or an id. */
function shapeOf(path: string): string {
  return path
    .split('/')
    .map((part) => (/^[a-z-]{0,30}(\.[a-z]{1,5})?$/.test(part) ? part : ':id'))
    .join('/')
}
