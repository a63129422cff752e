import type { RequestListener } from 'node:http'
import Koa, { type Context, type Middleware } from 'koa'
import type { Logger } from 'pino'
import { type ErrorCode, errorCodes } from '../../errors.ts'
import { hasHungUp } from '../../http/middleware/errors.ts'
import { refusalOf } from '../../http/middleware/request-guard.ts'
import { createSecurityHeaders } from '../../http/middleware/security-headers.ts'

/** Stacks what a worker answers: its health and nothing else. */
export function createWorkerApp(health: Middleware, log: Logger): RequestListener {
  const app = new Koa()
  app.on('error', (error, ctx) => {
    if (!ctx || !hasHungUp(ctx, error)) log.error({ err: error }, 'unhandled fault')
  })
  app.use(createSecurityHeaders({ secure: false }))
  app.use((ctx, next) => {
    const refusal = refusalOf(ctx.req)
    return refusal ? answer(ctx, refusal.code) : next()
  })
  app.use(health)
  app.use((ctx) => answer(ctx, 'not_found'))
  return app.callback()
}

function answer(ctx: Context, code: ErrorCode): void {
  ctx.status = errorCodes[code].status
  ctx.body = { error: code }
}
