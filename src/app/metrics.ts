import type { Middleware } from 'koa'
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { openListener } from './listener.ts'

type Observed = { passwordLoad(): { running: number; waiting: number }; messagesWaiting(): Promise<number> }

/** Prometheus metrics on a port of their own; labels hold shapes of paths, never values (security.md, "Never"). */
export async function startMetrics(host: string, port: number, observed: Observed) {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const requests = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time to answer a request, by method, first part of the path and status',
    labelNames: ['method', 'area', 'status'],
    buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers: [registry],
  })
  gauge(registry, 'password_hashing_running', 'Password hashes under way', () => observed.passwordLoad().running)
  gauge(registry, 'password_hashing_waiting', 'Password hashes in the queue', () => observed.passwordLoad().waiting)
  gauge(registry, 'messages_waiting', 'E-mails and SMS not delivered yet', observed.messagesWaiting)
  const listener = await openListener(host, port, 'METRICS_PORT')
  listener.handle(async (_request, response) => {
    response.setHeader('Content-Type', registry.contentType)
    response.end(await registry.metrics())
  })
  const middleware: Middleware = async (ctx, next) => {
    const stop = requests.startTimer({ method: ctx.method })
    await next().finally(() => stop({ area: areaOf(ctx.path), status: ctx.status }))
  }
  return { middleware, close: listener.close }
}

/** The known first part of a path, so that strangers cannot invent labels. */
function areaOf(path: string): string {
  const area = path.split('/')[1] ?? ''
  return ['registrierung', 'aktivierung', 'anmeldung', 'oidc', 'assets', '.well-known'].includes(area) ? area : 'other'
}

function gauge(registry: Registry, name: string, help: string, read: () => number | Promise<number>): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    async collect() {
      this.set(await read())
    },
  })
}
