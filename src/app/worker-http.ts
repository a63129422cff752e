import type { RequestListener } from 'node:http'
import Koa, { type Middleware } from 'koa'
import type { Logger } from 'pino'

/** Stacks what a worker answers: its health and nothing else. */
export function createWorkerApp(health: Middleware, log: Logger): RequestListener {
  const app = new Koa()
  app.on('error', (error) => log.error({ err: error }, 'unhandled fault'))
  app.use(health)
  return app.callback()
}
