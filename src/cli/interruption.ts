/** `signal` rejects at the first signal; a second one ends the process at once. `end` leaves signals to node again. */
export type Interruption = { signal: Promise<never>; end(): void }

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Lets a signal end the work instead of the process, so that what is open is closed first. `end` passes the signal on that came:
 * whoever started the process sees what ended it.
 */
export function awaitInterruption(): Interruption {
  const { promise, reject } = Promise.withResolvers<never>()
  let came: NodeJS.Signals | undefined
  const listen = (signal: NodeJS.Signals) => {
    came = signal
    stopListening()
    reject(new Error(`ended by ${signal}`))
  }
  const stopListening = () => {
    for (const signal of signals) process.off(signal, listen)
  }
  for (const signal of signals) process.on(signal, listen)
  return {
    signal: promise,
    end() {
      stopListening()
      if (came) process.kill(process.pid, came)
    },
  }
}
