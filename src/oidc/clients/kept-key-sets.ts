import type { JWK } from 'jose'

/** Milliseconds for which a key set counts. */
const countsFor = 60_000

/** Key sets that are kept at most; a usual one has 2 KiB. */
const most = 500

type Kept = { until: number; text: string; kids: ReadonlySet<unknown> }

export type KeptKeySets = ReturnType<typeof createKeptKeySets>

/**
 * Creates where the key sets of applications are kept by their address. oidc-provider keeps them with the client, and forgets the client
 * as soon as some hundred others are asked for, which takes no more than their public ids.
 */
export function createKeptKeySets(now: () => number = Date.now) {
  const sets = new Map<string, Kept>()
  const fresh = (url: string): Kept | undefined => {
    const kept = sets.get(url)
    return kept && now() < kept.until ? kept : undefined
  }
  return {
    /** The set as it was fetched; undefined: it has to be fetched. */
    find: (url: string): string | undefined => fresh(url)?.text,
    /** Whether a set is at hand, and has no key of this id. */
    lacks: (url: string, kid: string): boolean => fresh(url)?.kids.has(kid) === false,
    /** Until when the set that was fetched last counts, in seconds since 1970. */
    until(url: string): number | undefined {
      const kept = sets.get(url)
      return kept && Math.floor(kept.until / 1000)
    },
    /** Keeps what is a key set (RFC 7517), and nothing else. */
    keep(url: string, text: string): void {
      const keys = keysOf(text)
      if (!keys) return
      sets.delete(url)
      sets.set(url, { until: now() + countsFor, text, kids: new Set(keys.map(({ kid }) => kid)) })
      const [oldest] = sets.keys()
      if (sets.size > most && oldest !== undefined) sets.delete(oldest)
    },
    forget: (url: string): void => void sets.delete(url),
  }
}

function keysOf(text: string): JWK[] | undefined {
  try {
    const { keys } = JSON.parse(text)
    return Array.isArray(keys) && keys.every((key) => Object(key) === key) ? keys : undefined
  } catch {
    return undefined
  }
}
