import { trace } from '@opentelemetry/api'
import type { Middleware } from 'koa'
import type { Counts } from './counts.ts'
import { methodOf, routeOf } from './routes.ts'

/** Creates the measuring of requests; a trace that is recorded gets the route as its name. */
export function createRequestMetrics(counts: Pick<Counts, 'request'>): Middleware {
  return async (ctx, next) => {
    const span = trace.getActiveSpan()
    const started = performance.now()
    try {
      await next()
    } finally {
      const [method, route] = [methodOf(ctx), routeOf(ctx)]
      counts.request({ method, route, status: ctx.status }, (performance.now() - started) / 1000)
      span?.updateName(`${method} ${route}`).setAttribute('http.route', route)
    }
  }
}
