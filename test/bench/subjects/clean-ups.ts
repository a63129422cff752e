/** What has to go when the benchmark ends, whatever ends it. */
export type CleanUps = {
  /** Notes how something goes; the function it answers lets it go earlier. */
  add(goes: () => unknown): () => Promise<void>
  /** Lets everything go, the newest first; one that fails keeps none of the others. */
  run(): Promise<void>
}

/** Creates the list; on Ctrl-C and SIGTERM it runs, and the process ends. */
export function createCleanUps(): CleanUps {
  const waiting: (() => unknown)[] = []
  let running: Promise<void> | undefined
  const runAll = async () => {
    for (let goes = waiting.pop(); goes; goes = waiting.pop())
      try {
        await goes()
      } catch (error) {
        console.error(`  left behind: ${(error as Error).message}`)
      }
  }
  const run = () => {
    running ??= runAll().finally(() => {
      running = undefined
    })
    return running
  }
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)
    process.once(signal, () => void run().finally(() => process.exit(code)))
  return {
    add(goes) {
      waiting.push(goes)
      return async () => {
        const index = waiting.indexOf(goes)
        if (index < 0) return
        waiting.splice(index, 1)
        await goes()
      }
    },
    run,
  }
}
