import { beforeEach, describe, expect, it } from 'vitest'
import { type CounterStore, createLimiter } from '../../../src/gateways/limiter.ts'
import { createRedisCounters } from '../../../src/gateways/redis/counters.ts'
import { createRateLimitStore } from '../../../src/stores/sign-in/rate-limits.ts'
import { createStandingClock } from '../../support/clock.ts'
import { describeOnBoth, sixteenTimes } from '../../support/stores/databases.ts'
import { describeOnRedis } from '../../support/stores/redis.ts'

const start = '2026-11-25T09:00:00.000Z'
const now = new Date(start).getTime()

type Store = CounterStore & { deleteAll(): Promise<void> }

describeOnBoth('rate limits', (database) => {
  const store = () => createRateLimitStore(database())
  describeContract(store)

  it('are deleted after their end, those without end never', async () => {
    await store().deleteAll()
    await store().add('ended', 1, now, now + 1000, false)
    await store().add('for good', 1, now, null, false)
    expect(await store().deleteEnded(now + 1000)).toBe(0)
    expect(await store().deleteEnded(now + 1001)).toBe(1)
    expect(await store().get('for good', now)).not.toBeNull()
  })
})

describeOnRedis(
  'rate limits',
  (current) => {
    const store = () => createRedisCounters(current().gateway, current().prefix)
    describeContract(store)

    it('are cleaned up by Redis well after their end, those without end never', async () => {
      const lives = (key: string) => current().gateway.run((client) => client.pttl(`${current().prefix}${key}`))
      await store().add('ended', 1, now, now + 1000, true)
      expect(await lives('ended')).toBeGreaterThan(1000 + 3_590_000)
      await store().add('ended', 1, now, null, true)
      expect(await lives('ended')).toBe(-1)
    })
  },
  ['single', 'Cluster'],
)

/** What every store of counters promises. */
function describeContract(store: () => Store): void {
  beforeEach(async () => {
    await store().deleteAll()
  })

  it('add up until they end, then start anew', async () => {
    expect(await store().add('key', 1, now, now + 1000, false)).toEqual({ points: 1, expire: now + 1000 })
    expect(await store().add('key', 2, now + 999, now + 5000, false)).toEqual({ points: 3, expire: now + 1000 })
    expect(await store().add('other', 1, now, now + 1000, false)).toEqual({ points: 1, expire: now + 1000 })
    expect(await store().add('key', 1, now + 1000, now + 2000, false)).toEqual({ points: 1, expire: now + 2000 })
  })

  it('take a point back while they last and have one', async () => {
    await store().add('key', 2, now, now + 1000, false)
    await store().takeBack('key', now + 999)
    expect(await store().get('key', now)).toEqual({ points: 1, expire: now + 1000 })
    await store().takeBack('key', now + 1000)
    expect(await store().get('key', now)).toEqual({ points: 1, expire: now + 1000 })
    await store().takeBack('key', now)
    await store().takeBack('key', now)
    expect(await store().get('key', now)).toEqual({ points: 0, expire: now + 1000 })
    await store().takeBack('nobody', now)
    expect(await store().get('nobody', now)).toBeNull()
  })

  it('start anew by force', async () => {
    await store().add('key', 5, now, now + 1000, false)
    expect(await store().add('key', 2, now, now + 9000, true)).toEqual({ points: 2, expire: now + 9000 })
    expect(await store().add('key', 1, now, null, true)).toEqual({ points: 1, expire: null })
  })

  it('are found until they end', async () => {
    expect(await store().get('key', now)).toBeNull()
    await store().add('key', 1, now, now + 1000, false)
    expect(await store().get('key', now + 999)).toEqual({ points: 1, expire: now + 1000 })
    expect(await store().get('key', now + 1000)).toBeNull()
    await store().add('for good', 1, now, null, false)
    expect(await store().get('for good', now + 1e9)).toEqual({ points: 1, expire: null })
  })

  it('can be removed', async () => {
    await store().add('key', 1, now, now + 1000, false)
    expect([await store().remove('key'), await store().remove('key')]).toEqual([true, false])
  })

  it('lose no count when 16 add at once', async () => {
    await sixteenTimes(() => store().add('key', 1, now, now + 1000, false))
    expect(await store().get('key', now)).toMatchObject({ points: 16 })
  })

  describe('through the limiter', () => {
    const rule = { name: 'unlock_code', count: 5, window: 86_400, pause: 600 }
    const limit = (clock = createStandingClock(start), changes = {}) =>
      createLimiter(store(), clock)({ ...rule, ...changes })

    it('let exactly as many through as allowed when 16 come at once', async () => {
      const results = await sixteenTimes(() => limit().use('key'))
      expect(results.filter((until) => until === null)).toHaveLength(5)
    })

    it('pause from the last free use on, and are free again when the pause is over', async () => {
      const clock = createStandingClock(start)
      const own = limit(clock)
      for (let n = 0; n < 5; n++) expect(await own.use('key')).toBeNull()
      expect(await own.use('key')).toEqual(new Date('2026-11-25T09:10:00.000Z'))
      clock.forward(599)
      expect(await own.use('key')).toEqual(new Date('2026-11-25T09:10:00.000Z'))
      expect(await own.blockedUntil('key')).toEqual(new Date('2026-11-25T09:10:00.000Z'))
      clock.forward(1)
      expect(await own.blockedUntil('key')).toBeNull()
      expect(await own.use('key')).toBeNull()
    })

    // Incident: the pause overwrote the window, so that after each 15 minutes ten more passwords were free, forty an hour.
    it('remember the window after the pause: one use for each, however many come at once', async () => {
      const clock = createStandingClock(start)
      const own = limit(clock, { window: 3600 })
      const free: number[] = []
      for (let minute = 0; minute < 60; minute++) {
        const results = await sixteenTimes(() => own.use('key'))
        free.push(results.filter((until) => until === null).length)
        clock.forward(60)
      }
      const turns = [5, ...new Array(59).fill(0)].map((count, minute) => (minute && minute % 10 === 0 ? 1 : count))
      expect(free).toEqual(turns)
      expect((await sixteenTimes(() => own.use('key'))).filter((until) => until === null)).toHaveLength(5)
    })

    it('end the pause that a use began when it is taken back', async () => {
      const own = limit()
      for (let n = 0; n < 5; n++) expect(await own.use('key')).toBeNull()
      await own.giveBack('key')
      expect(await own.use('key')).toBeNull()
      expect(await own.use('key')).not.toBeNull()
    })

    it('last to the end of the window when they have no pause', async () => {
      const clock = createStandingClock(start)
      const own = limit(clock, { count: 1, window: 60, pause: undefined })
      expect(await own.use('key')).toBeNull()
      clock.forward(20)
      expect(await own.use('key')).toEqual(new Date('2026-11-25T09:01:00.000Z'))
      clock.forward(40)
      expect(await own.use('key')).toBeNull()
    })

    it('are the same for every process, and apart for every rule and key', async () => {
      for (let n = 0; n < 5; n++) await limit().use('key')
      expect(await limit().use('key')).not.toBeNull()
      expect(await limit().use('another key')).toBeNull()
      expect(await limit(undefined, { name: 'another_rule' }).use('key')).toBeNull()
    })
  })
}
