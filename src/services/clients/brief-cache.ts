type Settings<T> = {
  load(key: string): Promise<T | undefined>
  /** Milliseconds, from the moment of the question, after which it is asked again. */
  freshFor: number
  /** How many answers are kept at most, and how many times that there was none: strangers can ask for anything. */
  most: { found: number; missing: number }
  /** Milliseconds of a clock that only goes forward. */
  now(): number
}

type Kept<T> = { askedAt: number; answer: Promise<T | undefined> }

/**
 * Keeps answers for a moment. Who asks while the question is under way waits for the same answer; a fault is kept for nobody. What is
 * missing is kept apart, so that questions for what never was push out nothing that is.
 */
export function createBriefCache<T>({
  load,
  freshFor,
  most,
  now,
}: Settings<T>): (key: string) => Promise<T | undefined> {
  const underWay = new Map<string, Kept<T>>()
  const found = new Map<string, Kept<T>>()
  const missing = new Map<string, Kept<T>>()
  const isFresh = (kept: Kept<T> | undefined) => kept !== undefined && now() - kept.askedAt < freshFor
  const keep = async (key: string, kept: Kept<T>) => {
    try {
      const there = (await kept.answer) !== undefined
      const [map, limit] = there ? [found, most.found] : [missing, most.missing]
      map.delete(key)
      map.set(key, kept)
      const [oldest] = map.keys()
      if (map.size > limit && oldest !== undefined) map.delete(oldest)
    } catch {
      // Whoever asked is told.
    } finally {
      if (underWay.get(key) === kept) underWay.delete(key)
    }
  }
  return (key) => {
    const known = [found.get(key), missing.get(key), underWay.get(key)].find(isFresh)
    if (known) return known.answer
    // The question's own moment: what is changed while it is under way is seen in time, too.
    const kept = { askedAt: now(), answer: load(key) }
    underWay.set(key, kept)
    void keep(key, kept)
    return kept.answer
  }
}
