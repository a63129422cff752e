import cluster from 'node:cluster'
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { type Config, loadProcessConfig } from './config.ts'
import { StartUpError } from './errors.ts'
import { serveClusterMetrics } from './metrics/cluster.ts'
import { startCluster } from './process/cluster.ts'
import { createLifecycle } from './process/lifecycle.ts'
import { createLogger } from './process/logger.ts'
import { DataFolderInUse, DataFolderUnusable } from './stores/database/embedded/lock.ts'

/** The edge of the process: configuration, start, ready line, and a clean end. */
async function main(): Promise<void> {
  const config = loadProcessConfig(process.argv.slice(2))
  const log = createLogger(config.logLevel)
  if (!cluster.isWorker) tellRisks(config)
  if (config.webConcurrency > 1 && cluster.isPrimary) {
    if (config.metricsPort !== undefined) await serveClusterMetrics(config.host, config.metricsPort)
    return startCluster({ count: config.webConcurrency, log, drainTimeout: config.drain.timeout })
  }
  const lifecycle = createLifecycle({ log, ...config.drain })
  // Loaded only when traces are wanted; before anything connects.
  const telemetry =
    config.telemetry && (await import('./process/telemetry.ts')).startTelemetry(config.telemetry, config.trustedProxies)
  // So late that a wrong setting is told at once, and that the first process of several holds none of it.
  enableCompileCache(join(import.meta.dirname, '../node_modules/.cache/compile'))
  const { startApp } = await import('./app.ts')
  const app = await startApp(config)
  lifecycle.started({ close: (pause) => app.close(pause).finally(telemetry?.stop) })
  const ready = { level: 'info', msg: 'ready', issuer: app.issuer, port: app.port, demoPort: app.demoPort }
  if (app.greeting && !cluster.isWorker) process.stdout.write(app.greeting)
  if (cluster.isWorker) process.send?.(ready)
  else process.stdout.write(`${JSON.stringify(ready)}\n`)
}

/** Whatever the level of the log: what may be unsafe must be seen. */
function tellRisks({ risks }: Config): void {
  const log = createLogger('warn')
  for (const { setting, risk } of risks) log.warn({ setting, risk }, 'setting may be unsafe')
}

/** Faults an operator can mend get their sentence; anything else its stack, too. */
function explain(error: unknown): string {
  if (error instanceof StartUpError || error instanceof DataFolderInUse || error instanceof DataFolderUnusable)
    return error.message
  const { code, message, stack } = error as NodeJS.ErrnoException
  if (code === 'ECONNREFUSED' || code === 'ENOTFOUND' || code === 'ETIMEDOUT')
    return `A store cannot be reached (${message || code}). Check DATABASE_URL and REDIS_URL and that the servers run.`
  if (code === '28P01' || code === '28000' || code === '3D000')
    return `PostgreSQL refuses the connection (${message}). Check user, password and database in DATABASE_URL.`
  return `The start failed: ${stack ?? message}`
}

main().catch((error) => {
  process.stderr.write(`${explain(error)}\n`)
  process.exit(1)
})
