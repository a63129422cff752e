import { RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible'
import type { Clock } from './clock.ts'

/** Counters as the store keeps them; times in milliseconds since the epoch. */
type Counter = { points: number; expire: number | null }
export type CounterStore = {
  add(key: string, points: number, now: number, expire: number | null, force: boolean): Promise<Counter>
  get(key: string, now: number): Promise<Counter | null>
  /** Takes one point back, unless the counter has ended or has none: a new one would begin with a use too many. */
  takeBack(key: string, now: number): Promise<void>
  remove(key: string): Promise<boolean>
}

/**
 * `count` uses in `window` seconds, counted from the first one. Without `pause` a further use is refused until the window ends.
 * With it the use that reaches the count begins a pause of `pause` seconds; after it one use at a time is free, each beginning the
 * next pause, until the window ends: the window is not forgotten with the pause.
 */
export type LimitRule = { name: string; count: number; window: number; pause?: number }

/** One limit over many keys. Keys are hashed by the caller when they are personal. */
export type Limit = {
  /** Counts a use of `points` (1 unless told); the time until which it is blocked, or `null` when it was free. */
  use(key: string, points?: number): Promise<Date | null>
  /** The time until which a further use would be refused, without counting; `null` when one is free. */
  exhaustedUntil(key: string, points?: number): Promise<Date | null>
  /** The time until which the key is blocked, without counting. */
  blockedUntil(key: string): Promise<Date | null>
  /** Takes a counted use back: it was none. A pause that it began ends. */
  giveBack(key: string): Promise<void>
  reset(key: string): Promise<void>
}

export type Limiter = (rule: LimitRule) => Limit

/** Creates limits on rate-limiter-flexible whose counters live in the database and follow our own clock. */
export function createLimiter(store: CounterStore, clock: Clock): Limiter {
  return ({ name, count, window, pause }) => {
    const uses = new ClockedRateLimiter(store, clock, { name, count, window })
    if (!pause) return createWindow(uses, count, clock)
    return createPausingWindow(uses, new ClockedRateLimiter(store, clock, pauseOf(name, pause)), { count, clock })
  }
}

/** A pause is a limit of its own: one use in its time. */
const pauseOf = (name: string, pause: number) => ({ name: `${name}_pause`, count: 1, window: pause })

const untilOf = (result: RateLimiterRes, clock: Clock) => new Date(clock.now().getTime() + result.msBeforeNext)

/** Counts a use; the refusal, or `null` when it was free. */
async function consume(limiter: ClockedRateLimiter, key: string, points = 1): Promise<RateLimiterRes | null> {
  try {
    await limiter.consume(key, points)
    return null
  } catch (refusal) {
    if (refusal instanceof RateLimiterRes) return refusal
    throw refusal
  }
}

function createWindow(uses: ClockedRateLimiter, count: number, clock: Clock): Limit {
  return {
    async use(key, points) {
      const refusal = await consume(uses, key, points)
      return refusal && untilOf(refusal, clock)
    },
    async exhaustedUntil(key, points = 1) {
      const result = await uses.get(key)
      return result && result.consumedPoints + points > count ? untilOf(result, clock) : null
    },
    async blockedUntil(key) {
      const result = await uses.get(key)
      return result && result.consumedPoints > count ? untilOf(result, clock) : null
    },
    giveBack: (key) => uses.takeBack(key),
    reset: async (key) => void (await uses.delete(key)),
  }
}

type Pausing = { count: number; clock: Clock }

function createPausingWindow(uses: ClockedRateLimiter, pauses: ClockedRateLimiter, { count, clock }: Pausing): Limit {
  async function pausedUntil(key: string): Promise<Date | null> {
    const result = await pauses.get(key)
    return result && result.consumedPoints > 0 ? untilOf(result, clock) : null
  }
  return {
    async use(key, points = 1) {
      const paused = await pausedUntil(key)
      if (paused) return paused
      const used = await uses.penalty(key, points)
      if (used.consumedPoints < count) return null
      // Of many at once one begins the pause and is free; the others were no use.
      const refusal = await consume(pauses, key)
      if (!refusal) return null
      await uses.reward(key, points)
      return untilOf(refusal, clock)
    },
    exhaustedUntil: pausedUntil,
    blockedUntil: pausedUntil,
    async giveBack(key) {
      await Promise.all([uses.takeBack(key), pauses.delete(key)])
    },
    async reset(key) {
      await Promise.all([uses.delete(key), pauses.delete(key)])
    },
  }
}

/**
 * The library's PostgreSQL limiter reads the machine's clock; this one answers the same four questions of the store
 * with our own clock (the library does not export its abstract store).
 */
class ClockedRateLimiter extends RateLimiterPostgres {
  readonly #store: CounterStore
  readonly #clock: Clock

  constructor(store: CounterStore, clock: Clock, rule: Omit<LimitRule, 'pause'>) {
    super({
      storeClient: store,
      storeType: 'client',
      tableCreated: true,
      clearExpiredByTimeout: false,
      keyPrefix: rule.name,
      points: rule.count,
      duration: rule.window,
    })
    this.#store = store
    this.#clock = clock
  }

  takeBack(key: string): Promise<void> {
    return this.#store.takeBack(this.getKey(key), this.#clock.now().getTime())
  }

  _upsert(key: string, points: number, duration: number, force = false): Promise<Counter> {
    const now = this.#clock.now().getTime()
    return this.#store.add(key, points, now, duration > 0 ? now + duration : null, force)
  }

  _get(key: string): Promise<Counter | null> {
    return this.#store.get(key, this.#clock.now().getTime())
  }

  _delete(key: string): Promise<boolean> {
    return this.#store.remove(key)
  }

  _getRateLimiterRes(_key: string, changed: number, counter: Counter): RateLimiterRes {
    const left = counter.expire === null ? -1 : Math.max(counter.expire - this.#clock.now().getTime(), 0)
    return new RateLimiterRes(
      Math.max(this.points - counter.points, 0),
      left,
      counter.points,
      counter.points === changed,
    )
  }
}
