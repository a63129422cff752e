import cluster from 'node:cluster'
import type { Logger } from 'pino'

type Closing = { close(pause: number): Promise<void> }
type Settings = { log: Pick<Logger, 'info' | 'error' | 'fatal'>; delay: number; timeout: number }

/** Milliseconds in which a second signal is the same wish told twice, as a terminal and npm do. */
const sameWish = 500

/** What the primary of a cluster tells its processes. */
export type ProcessMessage = { msg: 'end' } | { msg: 'end now' }

/**
 * Ends this process as it should: on SIGTERM and SIGINT, on a fault nobody caught, and when the primary of its cluster is
 * gone. `delay` and `timeout` in seconds. Call it before the start; `started` hands over what has to be closed.
 */
export function createLifecycle({ log, delay, timeout }: Settings) {
  let app: Closing | undefined
  let endingSince: number | undefined
  const end = async (code: number) => {
    if (endingSince !== undefined) return
    endingSince = performance.now()
    if (!app) process.exit(code)
    log.info({ delay, timeout }, 'process is ending')
    setTimeout(() => {
      log.error({ timeout }, 'process did not end in time and is cut off')
      process.exit(1)
    }, timeout * 1000).unref()
    const clean = await app.close(delay).then(
      () => true,
      (err) => void log.error({ err }, 'process did not end cleanly'),
    )
    process.exit(clean ? code : 1)
  }
  const onSignal = () => {
    if (endingSince !== undefined && performance.now() - endingSince > sameWish) process.exit(1)
    void end(0)
  }
  const onFault = (err: unknown) => {
    log.fatal({ err }, 'fault that nobody caught: the process ends')
    void end(1)
  }
  process.on('uncaughtException', onFault)
  process.on('unhandledRejection', onFault)
  if (cluster.worker) followPrimary(cluster.worker, end)
  else for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, onSignal)
  return {
    started(given: Closing) {
      app = given
    },
  }
}

/** In a cluster the primary tells when to end; a terminal's SIGINT reaches every process and counts there only. */
function followPrimary(worker: NonNullable<typeof cluster.worker>, end: (code: number) => Promise<void>): void {
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => void end(0))
  process.on('message', ({ msg }: ProcessMessage) => {
    if (msg === 'end') void end(0)
    if (msg === 'end now') process.exit(1)
  })
  worker.on('disconnect', () => {
    // Node would exit on the spot; requests, deliveries and jobs under way end first.
    worker.exitedAfterDisconnect = true
    void end(1)
  })
}
