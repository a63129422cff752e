/** Places for submissions under way; who waits is served in order. */
export type Window = {
  /** Takes a place, waiting at most `ms`; `false` when none came free. */
  enter(ms: number): Promise<boolean>
  leave(): void
}

/** Creates a window of `size` places (SMPP 3.4, 2.9: a limit of unanswered requests). */
export function createWindow(size: number): Window {
  let taken = 0
  const waiting = new Set<() => void>()
  return {
    async enter(ms) {
      if (taken < size) {
        taken += 1
        return true
      }
      return await new Promise<boolean>((resolve) => {
        const timer = setTimeout(() => {
          waiting.delete(admit)
          resolve(false)
        }, ms)
        const admit = () => {
          clearTimeout(timer)
          waiting.delete(admit)
          resolve(true)
        }
        waiting.add(admit)
      })
    },
    leave() {
      const [next] = waiting
      // The place passes on; nobody can come in between.
      if (next) next()
      else taken -= 1
    },
  }
}
