import { setTimeout as wait } from 'node:timers/promises'
import { takeClientFiles } from './app/client-files.ts'
import { createGuard } from './app/guard.ts'
import { createHealth } from './app/health.ts'
import { createHealthChecks } from './app/health-checks.ts'
import { createHttpApp } from './app/http.ts'
import { createJobs, createRunner, isDaily, runAllJobs } from './app/jobs.ts'
import { startKeyWatch } from './app/key-watch.ts'
import { createLanes } from './app/lanes.ts'
import { openListener } from './app/listener.ts'
import { createLogger } from './app/logger.ts'
import { readStoreFigures } from './app/metrics/figures.ts'
import { createMetrics, serveMetrics } from './app/metrics.ts'
import { createOidc } from './app/oidc.ts'
import { connectRedis } from './app/redis.ts'
import { prepareSchema } from './app/schema.ts'
import { createServices, type Services } from './app/services.ts'
import { checkStart } from './app/start-up-checks.ts'
import { createWorkerApp } from './app/worker-http.ts'
import { clientSources } from './config/clients/sources.ts'
import type { Config } from './config.ts'
import { StartUpError } from './errors.ts'
import { createShiftableClock, createSystemClock, type ShiftableClock } from './gateways/clock.ts'
import { createOverload } from './gateways/overload.ts'
import { createRequestContext } from './gateways/request-context.ts'
import { type Deliveries, startDeliveries } from './jobs/deliveries.ts'
import { startQueue } from './jobs/queue.ts'
import { openDatabase, poolState } from './stores/database.ts'
import { databaseTime } from './stores/database-time.ts'
import { createSettingStore } from './stores/settings.ts'

/** `greeting`: addresses and demo log-ins for the terminal (development). */
export type App = {
  issuer: string
  port: number
  demoPort?: number
  greeting?: string
  /** Turns unready, waits `pause` seconds for load balancers, and ends: requests, deliveries and jobs under way first. */
  close(pause?: number): Promise<void>
}

/**
 * Wires and starts everything: the one place that sees every part.
 * @throws StartUpError, DataFolderInUse, DataFolderUnusable with one sentence for the operator.
 */
export async function startApp(config: Config): Promise<App> {
  const requests = createRequestContext()
  const log = createLogger(config.logLevel, requests.fields)
  const metrics = createMetrics()
  const closers: (() => Promise<unknown> | unknown)[] = [metrics.close]
  let listener: Awaited<ReturnType<typeof openListener>> | undefined
  let health: ReturnType<typeof createHealth> | undefined
  const [answersPages, works] = [config.role !== 'worker', config.role !== 'web']
  const close = async (pause = 0) => {
    health?.drain()
    listener?.announceEnd()
    if (pause > 0) await wait(pause * 1000)
    // Requests under way end first, while everything they need is still there.
    await listener?.close(Math.max(1, config.drain.timeout - pause - 3) * 1000)
    for (const closer of closers.splice(0).reverse()) await closer()
  }
  try {
    const guard = createGuard(config)
    listener = await openListener(config.host, config.port, 'PORT', guard)
    const issuer = config.issuer ?? `http://localhost:${listener.port}`
    const database = await openDatabase(config.database)
    closers.push(database.close)
    await prepareSchema(config, database.knex)
    if (config.production) await refuseDemoData(database.knex)
    await checkStart({ config, log, now: createSystemClock().now, databaseTime: () => databaseTime(database.knex) })
    const clock = await createClock(config, database.knex)
    // A worker answers no page, so it counts nothing and keeps no artefacts.
    const redis = answersPages ? await connectRedis(config, log) : undefined
    if (redis) closers.push(redis.close)
    let deliveries: Deliveries | undefined
    const committed: Deliveries['committed'] = (messages) => requests.outside(() => deliveries?.committed(messages))
    const { knex } = database
    const { counts } = metrics
    const services = await createServices({
      ...{ config, issuer, clock, knex, redis, log, committed, sendLogoutToken, counts },
    })
    closers.push(services.close)
    services.startSms()
    // Before anything is read or written: a missing key is told at once, and no row is written that others cannot read.
    await services.keyRings.announce()
    closers.push(services.keyRings.leave)
    const demo = config.production || !answersPages ? undefined : await loadDemo()
    const relyingParty = await demo?.startRelyingParty(config, issuer, log)
    if (relyingParty) closers.push(relyingParty.close)
    if (answersPages) await takeClientFiles(clientSources(config, relyingParty?.port), services.clients, log)
    const oidc = answersPages ? await createOidc({ config, issuer, services, log, clock, knex, redis }) : undefined
    const { keyRings } = services
    const { pollSeconds } = config.keys
    // A worker publishes no signing keys, so it holds none back either.
    const provider = oidc?.changing ?? { kids: [], refresh: async () => false }
    closers.push((await startKeyWatch({ keyRings, provider, pollSeconds, log })).stop)
    const jobs = createJobs(services)
    const runner = createRunner(services, clock, log)
    deliveries = startDeliveries({ log, lanes: createLanes(config, works), ...services.deliveries })
    closers.push(deliveries.stop)
    if (works) {
      const schedule = { knex, log, jobs, runner, clock, runs: services.stores.jobRuns }
      closers.push((await startQueue(schedule)).stop)
    }
    const development = await demo?.startDemo({
      config,
      issuer,
      services,
      clock: clock as ShiftableClock,
      log,
      demoPort: relyingParty?.port ?? 0,
      runDue: () => runAllJobs(jobs, runner),
      runDay: () => runAllJobs(jobs.filter(isDaily), runner),
      wake: deliveries.wake,
    })
    if (development) closers.push(development.close)
    if (!config.production && !answersPages) closers.push(followClock(services, clock as ShiftableClock))
    health = createHealth(createHealthChecks({ services, knex, artefacts: oidc?.ping, now: clock.now }), log)
    const shared = { config, issuer, services, log, requests, health: health.middleware, metrics: metrics.middleware }
    const passwords = services.hasher.load
    const overload = oidc && createOverload({ rules: config.limits.loadShedding, passwords, log })
    if (overload) closers.push(overload.close)
    const { smsGatewaysAway, smsGatewaysBound } = services
    const gauges = {
      passwords,
      redis: redis?.state,
      pool: () => poolState(knex),
      shedding: overload?.shedding,
      smsGatewaysAway,
      smsGatewaysBound,
    }
    metrics.watch(gauges, () => readStoreFigures({ services, jobs, clock }))
    if (config.metricsPort !== undefined) closers.push(await serveMetrics(config.host, config.metricsPort, metrics))
    listener.handle(
      oidc && overload
        ? createHttpApp({ ...shared, oidc, overload, plain: guard.plain, development: development?.routes })
        : createWorkerApp(health.middleware, log),
    )
    return { issuer, port: listener.port, demoPort: relyingParty?.port, greeting: development?.greeting, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** A database that development has used holds accounts with a published password. */
async function refuseDemoData(knex: Parameters<typeof createSettingStore>[0]): Promise<void> {
  if (await createSettingStore(knex).get('demo_loaded'))
    throw new StartUpError(
      'The database holds demo members with a published password. Set DATABASE_URL to one without.',
    )
}

/** The demo parts, loaded outside production only. */
async function loadDemo() {
  const { startDemo, startRelyingParty } = await import('./app/demo.ts')
  return { startDemo, startRelyingParty }
}

async function createClock(config: Config, knex: Parameters<typeof createSettingStore>[0]) {
  if (config.production) return createSystemClock()
  const offset = Number((await createSettingStore(knex).get('clock_offset')) ?? 0)
  return createShiftableClock(offset)
}

/** A worker of development keeps to the clock that a web process moves. */
function followClock(services: Services, clock: ShiftableClock): () => void {
  const timer = setInterval(async () => {
    const offset = await services.stores.settings.get('clock_offset').catch(() => null)
    if (offset !== null) clock.setOffset(Number(offset))
  }, 1000)
  return () => clearInterval(timer)
}

/** Sends a logout token as OpenID Connect Back-Channel Logout 2.5 says; anything but 200 or 204 is tried again. */
async function sendLogoutToken({ url, logoutToken }: { url: string; logoutToken: string }): Promise<void> {
  const body = new URLSearchParams({ logout_token: logoutToken })
  const response = await fetch(url, { method: 'POST', body, signal: AbortSignal.timeout(5000), redirect: 'error' })
  await response.body?.cancel()
  if (!response.ok) throw new Error(`application answered ${response.status} to a logout token`)
}
