import type { Middleware } from 'koa'
import type { Logger } from 'pino'

/** How a part is: `impaired` works with harm that somebody should look at, `away` does not answer. */
type PartState = 'ok' | 'impaired' | 'away'

/**
 * A look at one part: it throws when the part is away, answers `impaired`, or anything else when all is well. A process
 * whose essential part is not ok gets no requests.
 */
export type HealthCheck = { essential?: boolean; check(): Promise<unknown> }

/** Parts of the service by name. */
export type HealthChecks = Record<string, HealthCheck>

type Readiness = { status: 'ok' | 'impaired' | 'unready' | 'draining'; parts: Record<string, PartState> }

/** Milliseconds for which an answer holds: asking often asks the stores no more often. */
const holds = 1000

/**
 * Creates the health of a process. `GET /health/live` is 200 as long as the process answers at all; `GET /health/ready`
 * (and `GET /health`) is 503 while it can be of no use: an essential part is not ok, or the process is ending. Parts are
 * named, never their faults.
 */
export function createHealth(checks: HealthChecks, log: Pick<Logger, 'warn'>) {
  let draining = false
  let answer: { until: number; readiness: Promise<Readiness> } | undefined
  const readiness = () => {
    const now = performance.now()
    if (!answer || answer.until < now) answer = { until: now + holds, readiness: look(checks, log) }
    return answer.readiness
  }
  const middleware: Middleware = async (ctx, next) => {
    if (ctx.path === '/health/live') {
      ctx.status = 200
      ctx.body = { status: 'ok' }
      return
    }
    if (ctx.path !== '/health/ready' && ctx.path !== '/health') return await next()
    const { status, parts } = draining ? { status: 'draining' as const, parts: {} } : await readiness()
    ctx.status = status === 'ok' || status === 'impaired' ? 200 : 503
    ctx.set('Cache-Control', 'no-store')
    ctx.body = { status, ...parts }
  }
  return {
    middleware,
    /** From now on the process is not ready: load balancers take it out. */
    drain() {
      draining = true
    },
  }
}

async function look(checks: HealthChecks, log: Pick<Logger, 'warn'>): Promise<Readiness> {
  const entries = Object.entries(checks)
  const states = await Promise.all(entries.map(([name, part]) => stateOf(name, part, log)))
  const parts = Object.fromEntries(entries.map(([name], index) => [name, states[index] as PartState]))
  const unready = entries.some(([name, { essential }]) => essential && parts[name] !== 'ok')
  const harmed = states.some((state) => state !== 'ok')
  return { status: unready ? 'unready' : harmed ? 'impaired' : 'ok', parts }
}

async function stateOf(name: string, { check }: HealthCheck, log: Pick<Logger, 'warn'>): Promise<PartState> {
  let timer: NodeJS.Timeout | undefined
  const tooLong = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('no answer within 2 seconds')), 2000)
  })
  try {
    return (await Promise.race([check(), tooLong])) === 'impaired' ? 'impaired' : 'ok'
  } catch (error) {
    log.warn({ err: error, part: name }, 'health check failed')
    return 'away'
  } finally {
    clearTimeout(timer)
  }
}
