import type { Middleware } from 'koa'
import type { Logger } from 'pino'

/** Parts of the service that can be away, by name. */
export type HealthChecks = Record<string, () => Promise<unknown>>

/** Answers `GET /health`: 200 while the database answers, 503 otherwise; a part that is away is named, never its fault. */
export function createHealth(checks: HealthChecks, log: Logger): Middleware {
  return async (ctx, next) => {
    if (ctx.path !== '/health') return await next()
    const states = await Promise.all(
      Object.entries(checks).map(async ([name, check]) => [name, await isThere(name, check, log)] as const),
    )
    const parts = Object.fromEntries(states.map(([name, there]) => [name, there ? 'ok' : 'away']))
    ctx.status = states.every(([, there]) => there) ? 200 : 503
    ctx.body = { status: ctx.status === 200 ? 'ok' : 'impaired', ...parts }
  }
}

async function isThere(name: string, check: () => Promise<unknown>, log: Logger): Promise<boolean> {
  const tooLong = new Promise<never>((_resolve, reject) => {
    setTimeout(() => reject(new Error('no answer within 2 seconds')), 2000).unref()
  })
  try {
    await Promise.race([check(), tooLong])
    return true
  } catch (error) {
    log.warn({ err: error, part: name }, 'health check failed')
    return false
  }
}
