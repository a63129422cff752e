import type { Context, Next } from 'koa'
import Provider from 'oidc-provider'

const arrivals = new WeakMap<object, number>()

/** Notes when a request arrived; must run before anything that waits. */
export function noteArrival(ctx: Context, next: Next): Promise<void> {
  arrivals.set(ctx, performance.now())
  return next()
}

/** The age of the request at work in milliseconds, by a stopwatch that no clock change moves; undefined outside one. */
export function requestAge(): number | undefined {
  const arrived = Provider.ctx && arrivals.get(Provider.ctx)
  return arrived === undefined ? undefined : performance.now() - arrived
}
