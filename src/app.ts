import { setTimeout as wait } from 'node:timers/promises'
import { createJobs } from './app/jobs.ts'
import { createLanes } from './app/lanes.ts'
import { createServices, type Services } from './app/services.ts'
import { openClock } from './app/start/clock.ts'
import { refuseDemoData } from './app/start/demo-data.ts'
import { createGuard } from './app/start/guard.ts'
import { connectRedis } from './app/start/redis.ts'
import { prepareSchema } from './app/start/schema.ts'
import { checkStart } from './app/start/start-up-checks.ts'
import { createHealthChecks } from './app/web/health-checks.ts'
import { createHttpApp } from './app/web/http.ts'
import { createJourneyDeps } from './app/web/journeys.ts'
import { createOidc } from './app/web/oidc.ts'
import { createWorkerApp } from './app/web/worker-http.ts'
import { clientSources } from './config/clients/sources.ts'
import type { Config } from './config.ts'
import { createSystemClock } from './gateways/clock.ts'
import { createDeliveries } from './jobs/deliveries.ts'
import { startKeyWatch } from './jobs/key-watch.ts'
import { startQueue } from './jobs/queue.ts'
import { readStoreFigures } from './metrics/figures.ts'
import { createMetrics, serveMetrics } from './metrics/metrics.ts'
import { createHealth } from './process/health.ts'
import { openListener } from './process/listener.ts'
import { createLogger } from './process/logger.ts'
import { createOverload } from './process/overload.ts'
import { processName } from './process/process-name.ts'
import { createRequestContext } from './process/request-context.ts'
import { takeClientFiles } from './services/clients/take-files.ts'
import { openDatabase, poolState } from './stores/database/database.ts'
import { databaseTime } from './stores/database/database-time.ts'

/** `greeting`: addresses and demo log-ins for the terminal (development). */
export type App = {
  issuer: string
  port: number
  demoPort?: number
  greeting?: string
  /** Turns unready, waits `pause` seconds for load balancers, and ends: requests, deliveries and jobs under way first. */
  close(pause?: number): Promise<void>
}

/** What is open, to be closed the last first. */
type Opened = AsyncDisposableStack

/**
 * Wires and starts everything: the one place that sees every part.
 * @throws StartUpError, DataFolderInUse, DataFolderUnusable with one sentence for the operator.
 */
export async function startApp(config: Config): Promise<App> {
  const opened = new AsyncDisposableStack()
  return await start(config, opened).catch(async (fault) => {
    // The fault of the start is what an operator mends, not what follows from it.
    await opened.disposeAsync().catch(() => {})
    throw fault
  })
}

async function start(config: Config, opened: Opened): Promise<App> {
  const ground = await openGround(config, opened)
  const { listener, issuer, log, shiftable } = ground
  const services = await openServices(ground, opened)
  const demo = config.production ? undefined : await loadDemo()
  const relyingParty = answersPages(config) ? await demo?.startRelyingParty(config, issuer, log) : undefined
  if (relyingParty) opened.defer(relyingParty.close)
  const demoPort = relyingParty?.port
  const pages = answersPages(config) ? await openPages(ground, services, demoPort, opened) : undefined
  const jobs = createJobs(services)
  const keyWatch = await startWork(ground, { services, jobs, pages }, opened)
  const development = shiftable && (await demo?.startDemo({ ...ground, shiftable, services, jobs, demoPort }))
  if (development) opened.defer(development.close)
  const health = await observe(ground, { services, jobs, pages, keyWatch }, opened)
  const answer = pages
    ? createHttpApp({ ...ground, ...pages, services, health: health.middleware, development: development?.routes })
    : createWorkerApp(health.middleware, log)
  const doors = [listener, ...(pages && config.admin.port !== undefined ? [await openConsoleDoor(config, opened)] : [])]
  for (const door of doors) door.handle(answer)
  return {
    ...{ issuer, port: listener.port, demoPort, greeting: development?.greeting },
    async close(pause = 0) {
      health.drain()
      for (const door of doors) door.announceEnd()
      if (pause > 0) await wait(pause * 1000)
      // Requests under way end first, while everything they need is still there.
      const patience = Math.max(1, config.drain.timeout - pause - 3) * 1000
      await Promise.all(doors.map((door) => door.close(patience)))
      await opened.disposeAsync()
    },
  }
}

/** The port of the staff console, where it has one of its own. */
const openConsoleDoor = async (config: Config, opened: Opened) =>
  opened.adopt(await openListener(config.host, config.admin.port ?? 0, 'ADMIN_PORT', createGuard(config)), (each) =>
    each.close(),
  )

/** The demo parts, loaded outside production only. */
async function loadDemo() {
  const { startDemo, startRelyingParty } = await import('./app/demo.ts')
  return { startDemo, startRelyingParty }
}

const answersPages = ({ role }: Config) => role !== 'worker'
const works = ({ role }: Config) => role !== 'web'

type Ground = Awaited<ReturnType<typeof openGround>>

/** Opens port and stores, and looks whether the data may be worked on. */
async function openGround(config: Config, opened: Opened) {
  const requests = createRequestContext()
  const log = createLogger(config.logLevel, requests.fields)
  const metrics = createMetrics()
  opened.defer(() => void metrics.close())
  const guard = createGuard(config)
  const listener = opened.adopt(await openListener(config.host, config.port, 'PORT', guard), (each) => each.close())
  const issuer = config.issuer ?? `http://localhost:${listener.port}`
  const { knex } = opened.adopt(await openDatabase(config.database), (database) => database.close())
  await prepareSchema(config, knex)
  await checkStart({ config, log, now: createSystemClock().now, databaseTime: () => databaseTime(knex) })
  const clocks = await openClock(config, knex)
  // A worker answers no page, so it counts nothing and keeps no artefacts.
  const redis = answersPages(config) ? await connectRedis(config, log) : undefined
  if (redis) opened.defer(redis.close)
  const deliveries = createDeliveries({ log, lanes: createLanes(config, works(config)) })
  return { config, requests, log, metrics, plain: guard.plain, listener, issuer, knex, ...clocks, redis, deliveries }
}

/** Makes every service, and says which keys this process holds. */
async function openServices(ground: Ground, opened: Opened): Promise<Services> {
  const { requests, deliveries, metrics } = ground
  const services = await createServices({
    ...ground,
    processName,
    committed: (messages) => requests.outside(() => deliveries.committed(messages)),
    counts: metrics.counts,
  })
  opened.defer(services.close)
  if (ground.config.production) await refuseDemoData(services.stores)
  services.makeAll()
  services.messages.smsGateways?.start()
  const { keyRings } = services.keys
  // Before anything is read or written: a missing key is told at once, and no row is written that others cannot read.
  await keyRings.announce()
  opened.defer(keyRings.leave)
  return services
}

/** Opens what pages need: journeys, applications, the provider, and the look at the load. */
async function openPages(ground: Ground, services: Services, demoPort: number | undefined, opened: Opened) {
  const { config, log, metrics } = ground
  const journeys = createJourneyDeps({ ...ground, services, counts: metrics.counts })
  await takeClientFiles(clientSources(config, demoPort), services.clients, log)
  const oidc = await createOidc({ ...ground, services, journeys })
  const passwords = services.accounts.hasher.load
  const overload = createOverload({ rules: config.limits.loadShedding, passwords, log })
  opened.defer(overload.close)
  return { journeys, oidc, overload }
}

type Parts = {
  services: Services
  jobs: ReturnType<typeof createJobs>
  pages: Awaited<ReturnType<typeof openPages>> | undefined
}

/** Starts what goes on by itself: the watch over keys, deliveries, and, where this process works, the jobs. */
async function startWork(ground: Ground, { services, jobs, pages }: Parts, opened: Opened) {
  const { config, knex, log, clock, deliveries } = ground
  // A worker publishes no signing keys, so it holds none back either.
  const provider = pages?.oidc.changing ?? { kids: [], refresh: async () => false }
  const { pollSeconds } = config.keys
  const keyWatch = await startKeyWatch({ keyRings: services.keys.keyRings, provider, pollSeconds, log })
  opened.defer(keyWatch.stop)
  deliveries.start(services.messages.deliveries)
  opened.defer(deliveries.stop)
  if (!works(config)) return keyWatch
  const runner = services.operation.createRunner(log)
  opened.defer((await startQueue({ knex, log, jobs, runner, clock, runs: services.stores.jobRuns })).stop)
  return keyWatch
}

type Watched = Parts & { keyWatch: Awaited<ReturnType<typeof startWork>> }

/** Lets the state of this process be seen: by its health, and by metrics. */
async function observe(ground: Ground, { services, jobs, pages, keyWatch }: Watched, opened: Opened) {
  const { config, knex, log, clock, redis, metrics } = ground
  const { accounts, messages } = services
  metrics.watch(
    {
      passwords: accounts.hasher.load,
      redis: redis?.state,
      pool: () => poolState(knex),
      shedding: pages?.overload.shedding,
      smsGatewaysAway: () => messages.smsGateways?.away() ?? [],
      smsGatewaysBound: () => messages.smsGateways?.bound() ?? new Map(),
    },
    () => readStoreFigures({ services, jobs, clock }),
  )
  if (config.metricsPort !== undefined) opened.defer(await serveMetrics(config.host, config.metricsPort, metrics))
  const looks = { artefacts: pages?.oidc.ping, heldKeys: keyWatch.check, now: clock.now }
  return createHealth(createHealthChecks({ services, knex, ...looks }), log)
}
