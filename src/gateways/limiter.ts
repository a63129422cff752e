import { RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible'
import type { Clock } from './clock.ts'

/** Counters as the store keeps them; times in milliseconds since the epoch. */
type Counter = { points: number; expire: number | null }
export type CounterStore = {
  add(key: string, points: number, now: number, expire: number | null, force: boolean): Promise<Counter>
  get(key: string, now: number): Promise<Counter | null>
  remove(key: string): Promise<boolean>
}

/** `count` uses in `window` seconds; the next one begins a pause of `pause` seconds (without it: until the window ends). */
export type LimitRule = { name: string; count: number; window: number; pause?: number }

/** One limit over many keys. Keys are hashed by the caller when they are personal. */
export type Limit = {
  /** Counts a use of `points` (1 unless told); the time until which it is blocked, or `null` when it was free. */
  use(key: string, points?: number): Promise<Date | null>
  /** The time until which a further use would be refused, without counting; `null` when one is free. */
  exhaustedUntil(key: string, points?: number): Promise<Date | null>
  /** The time until which the key is blocked, without counting. */
  blockedUntil(key: string): Promise<Date | null>
  /** Takes a counted use back: it was none. */
  giveBack(key: string): Promise<void>
  reset(key: string): Promise<void>
}

export type Limiter = (rule: LimitRule) => Limit

/** Creates limits on rate-limiter-flexible whose counters live in the database and follow our own clock. */
export function createLimiter(store: CounterStore, clock: Clock): Limiter {
  return (rule) => {
    const limiter = new ClockedRateLimiter(store, clock, rule)
    const until = (result: RateLimiterRes) => new Date(clock.now().getTime() + result.msBeforeNext)
    return {
      async use(key, points = 1) {
        try {
          await limiter.consume(key, points)
          return null
        } catch (refusal) {
          if (refusal instanceof RateLimiterRes) return until(refusal)
          throw refusal
        }
      },
      async exhaustedUntil(key, points = 1) {
        const result = await limiter.get(key)
        return result && result.consumedPoints + points > rule.count ? until(result) : null
      },
      async blockedUntil(key) {
        const result = await limiter.get(key)
        return result && result.consumedPoints > rule.count ? until(result) : null
      },
      async giveBack(key) {
        await limiter.reward(key)
      },
      async reset(key) {
        await limiter.delete(key)
      },
    }
  }
}

/**
 * The library's PostgreSQL limiter reads the machine's clock; this one answers the same four questions of the store
 * with our own clock (the library does not export its abstract store).
 */
class ClockedRateLimiter extends RateLimiterPostgres {
  readonly #store: CounterStore
  readonly #clock: Clock

  constructor(store: CounterStore, clock: Clock, rule: LimitRule) {
    super({
      storeClient: store,
      storeType: 'client',
      tableCreated: true,
      clearExpiredByTimeout: false,
      keyPrefix: rule.name,
      points: rule.count,
      duration: rule.window,
      blockDuration: rule.pause ?? 0,
    })
    this.#store = store
    this.#clock = clock
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
