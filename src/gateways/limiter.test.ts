import { describe, expect, it } from 'vitest'
import { type CounterStore, createLimiter } from './limiter.ts'

/** Counters in memory, as the store of the database keeps them. */
function createMemoryCounters(): CounterStore {
  const counters = new Map<string, { points: number; expire: number | null }>()
  const alive = (key: string, now: number) => {
    const counter = counters.get(key)
    return counter && (counter.expire === null || counter.expire > now) ? counter : null
  }
  return {
    async add(key, points, now, expire, force) {
      const counter = force ? null : alive(key, now)
      const next = counter ? { ...counter, points: counter.points + points } : { points, expire }
      counters.set(key, next)
      return next
    },
    get: async (key, now) => alive(key, now),
    async takeBack(key, now) {
      const counter = alive(key, now)
      if (counter && counter.points > 0) counters.set(key, { ...counter, points: counter.points - 1 })
    },
    remove: async (key) => counters.delete(key),
  }
}

function createLimit(rule: { count: number; window: number; pause?: number }) {
  let now = Date.UTC(2026, 10, 25, 9)
  const limit = createLimiter(createMemoryCounters(), { now: () => new Date(now) })({ name: 'rule', ...rule })
  return {
    limit,
    forward: (seconds: number) => (now += seconds * 1000),
    in: (seconds: number) => new Date(now + seconds * 1000),
  }
}

describe('a limit', () => {
  it('blocks after its count, to the end of the window', async () => {
    const { limit, ...time } = createLimit({ count: 2, window: 60 })
    expect([await limit.use('key'), await limit.use('key')]).toEqual([null, null])
    time.forward(10)
    expect(await limit.use('key')).toEqual(time.in(50))
    time.forward(50)
    expect(await limit.use('key')).toBeNull()
  })

  it('pauses from the first use that is too many, however often it is tried again', async () => {
    const { limit, ...time } = createLimit({ count: 1, window: 60, pause: 600 })
    await limit.use('key')
    expect(await limit.use('key')).toEqual(time.in(600))
    time.forward(300)
    expect(await limit.use('key')).toEqual(time.in(300))
    expect(await limit.blockedUntil('key')).toEqual(time.in(300))
    time.forward(300)
    expect(await limit.blockedUntil('key')).toBeNull()
  })

  it('does not count when it is only looked at', async () => {
    const { limit } = createLimit({ count: 1, window: 60 })
    for (let n = 0; n < 5; n++) expect(await limit.blockedUntil('key')).toBeNull()
    expect(await limit.use('key')).toBeNull()
  })

  it('is not reached by uses that were taken back', async () => {
    const { limit } = createLimit({ count: 2, window: 60 })
    for (let n = 0; n < 10; n++) {
      expect(await limit.use('key')).toBeNull()
      await limit.giveBack('key')
    }
  })

  it('is free again after a reset', async () => {
    const { limit } = createLimit({ count: 1, window: 60, pause: 600 })
    await limit.use('key')
    await limit.use('key')
    await limit.reset('key')
    expect(await limit.blockedUntil('key')).toBeNull()
    expect(await limit.use('key')).toBeNull()
  })

  it('passes on a fault of its store', async () => {
    const broken: CounterStore = { ...createMemoryCounters(), add: () => Promise.reject(new Error('store is away')) }
    const limit = createLimiter(broken, { now: () => new Date(0) })({ name: 'rule', count: 1, window: 60 })
    await expect(limit.use('key')).rejects.toThrow('store is away')
  })
})
