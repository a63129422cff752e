import type { EventEmitter } from 'node:events'

/** How a request relates in time to a use that this process answered; undefined: another process did, or long ago. */
export type Timing = 'concurrent' | 'later' | undefined

type Use = { uses: number; begun: number; answered?: number }

/**
 * Creates the memory of uses (of codes and refresh tokens) that this process is answering or has just answered. It is
 * exact where the store's ages are not: a request that arrived before the answer left was sent without knowing it.
 */
export function createUsesUnderWay(memory: number) {
  const known = new Map<string, Use>()
  return {
    /** Notes that the request at work has consumed `key` for the `uses`-th time; `response` tells when it is answered. */
    begin(key: string, uses: number, response: EventEmitter | undefined): void {
      const now = performance.now()
      for (const [old, { begun }] of known) {
        if (now - begun < memory) break
        known.delete(old)
      }
      if (!response) return
      const use: Use = { uses, begun: now }
      known.delete(key)
      known.set(key, use)
      const answered = () => {
        use.answered ??= performance.now()
      }
      response.once('finish', answered)
      response.once('close', answered)
    },
    /** Compares a request of this `age` in milliseconds with the `uses`-th use. */
    timing(key: string, uses: number, age: number | undefined): Timing {
      const use = known.get(key)
      if (!use || use.uses !== uses || age === undefined) return undefined
      return use.answered === undefined || performance.now() - age <= use.answered ? 'concurrent' : 'later'
    },
  }
}
