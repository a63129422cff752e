import cluster, { type Worker } from 'node:cluster'
import type { Logger } from 'pino'
import type { ProcessMessage } from './lifecycle.ts'

type Settings = { count: number; log: Pick<Logger, 'error' | 'fatal'>; drainTimeout: number }

/** Milliseconds a process must have lived for its death to be no repetition. */
const provedAfter = 60_000
const longestDelay = 30_000

/** Milliseconds until a dead process is replaced: at once, then 1, 2, 4 … seconds while they die young. */
export const restartDelay = (deaths: number) => (deaths <= 1 ? 0 : Math.min(longestDelay, 500 * 2 ** (deaths - 1)))

/**
 * Runs `count` processes on one port; one that dies is replaced, a signal ends them all, and so does the end of this
 * process. The first one starts alone: two that prepared an empty database at the same time would stand in each other's
 * way. `drainTimeout` in seconds.
 */
export function startCluster({ count, log, drainTimeout }: Settings): void {
  const born = new Map<Worker, number>()
  let ready = 0
  let deaths = 0
  let endingSince: number | undefined
  let exitCode = 0
  const fork = () => void born.set(cluster.fork(), performance.now())
  const tell = (message: ProcessMessage) => {
    for (const worker of born.keys()) if (worker.isConnected()) worker.send(message, () => {})
  }
  const end = (code: number) => {
    if (endingSince !== undefined) return
    endingSince = performance.now()
    exitCode = code
    if (born.size === 0) process.exit(code)
    tell({ msg: 'end' })
    // Each process bounds its own end; one that hangs in a loop cannot.
    setTimeout(
      () => {
        for (const worker of born.keys()) worker.process.kill('SIGKILL')
      },
      drainTimeout * 1000 + 2000,
    ).unref()
  }
  const replace = (worker: Worker, lived: number, code: number, signal: string) => {
    deaths = lived > provedAfter ? 1 : deaths + 1
    const delay = restartDelay(deaths)
    log.error({ pid: worker.process.pid, code, signal, replacedIn: delay }, 'process died')
    setTimeout(() => endingSince === undefined && fork(), delay)
  }
  cluster.on('message', (_worker, message: { msg?: string }) => {
    if (message.msg !== 'ready') return
    ready++
    if (ready === 1) for (let index = 1; index < count; index++) fork()
    if (ready === count) process.stdout.write(`${JSON.stringify(message)}\n`)
  })
  cluster.on('exit', (worker, code, signal) => {
    const lived = performance.now() - (born.get(worker) ?? 0)
    born.delete(worker)
    if (endingSince !== undefined) {
      if (born.size === 0) process.exit(exitCode)
    }
    // A process that never became ready has told why on stderr: starting it again would not help.
    else if (ready < count) end(code || 1)
    else replace(worker, lived, code, signal)
  })
  onSignals(() => endingSince, { end, tell })
  process.on('uncaughtException', (err) => {
    log.fatal({ err }, 'fault that nobody caught: the process ends')
    end(1)
  })
  fork()
}

function onSignals(
  endingSince: () => number | undefined,
  { end, tell }: { end(code: number): void; tell(message: ProcessMessage): void },
): void {
  const onSignal = () => {
    const since = endingSince()
    // The same wish told twice, as a terminal and npm do, is no second one.
    if (since !== undefined && performance.now() - since > 500) tell({ msg: 'end now' })
    end(0)
  }
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, onSignal)
}
