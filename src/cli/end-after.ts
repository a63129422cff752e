import type { CliIo } from './frame.ts'

/**
 * Ends this process with `failure` after so many seconds, at a signal, and for errors that nobody waits for. A command that is
 * done by then keeps its exit code.
 */
export const endAfter: NonNullable<CliIo['endAfter']> = (seconds, failure) => {
  // Node ends with it, too, when all that is waited for is gone.
  process.exitCode = failure
  const end = (why: string) => {
    process.stderr.write(`Ended: ${why}.\n`)
    process.exit(process.exitCode)
  }
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGALRM', 'SIGXCPU'] as const)
    process.on(signal, () => end(signal))
  process.on('uncaughtException', ({ name }) => end(name))
  setTimeout(() => end(`not done after ${seconds} seconds`), seconds * 1000).unref()
}
