import cluster from 'node:cluster'

/**
 * Runs `count` web processes on one port; one that dies is replaced, a signal ends them all. The first one starts alone:
 * two that prepared an empty database at the same time would stand in each other's way.
 */
export async function startCluster(count: number): Promise<void> {
  let ending = false
  let ready = 0
  cluster.on('message', (_worker, message: { msg?: string }) => {
    if (message.msg !== 'ready') return
    ready++
    if (ready === 1) for (let index = 1; index < count; index++) cluster.fork()
    if (ready === count) process.stdout.write(`${JSON.stringify(message)}\n`)
  })
  cluster.on('exit', (worker, code) => {
    if (ending) return
    // A process that never became ready has told why on stderr: starting it again would not help.
    if (ready < count) {
      ending = true
      process.exitCode = code || 1
      for (const other of Object.values(cluster.workers ?? {})) other?.kill('SIGTERM')
      return
    }
    process.stderr.write(
      `${JSON.stringify({ level: 'error', msg: 'web process died', pid: worker.process.pid, code })}\n`,
    )
    cluster.fork()
  })
  const end = () => {
    ending = true
    for (const worker of Object.values(cluster.workers ?? {})) worker?.kill('SIGTERM')
  }
  process.on('SIGTERM', end)
  process.on('SIGINT', end)
  cluster.fork()
}
