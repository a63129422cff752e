import { AsyncLocalStorage } from 'node:async_hooks'
import type { Context, Next } from 'koa'

const arrivals = new WeakMap<object, number>()
const atWork = new AsyncLocalStorage<Context>()

/** Notes which request is at work, and when it arrived; must run before anything that waits. */
export function noteArrival(ctx: Context, next: Next): Promise<void> {
  arrivals.set(ctx, performance.now())
  return atWork.run(ctx, next)
}

/** The request at work, in our own middleware, too, where `Provider.ctx` does not know it yet; undefined outside one. */
export const requestAtWork = (): Context | undefined => atWork.getStore()

/** The age of the request at work in milliseconds, by a stopwatch that no clock change moves; undefined outside one. */
export function requestAge(): number | undefined {
  const request = requestAtWork()
  const arrived = request && arrivals.get(request)
  return arrived === undefined ? undefined : performance.now() - arrived
}
