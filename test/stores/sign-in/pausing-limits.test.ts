import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { createJourneyLimits } from '../../../src/app/limits.ts'
import { loadConfig } from '../../../src/config.ts'
import { createKeyedHash } from '../../../src/crypto/field-encryption.ts'
import { type CounterStore, createLimiter, type Limit } from '../../../src/gateways/limiter.ts'
import { createRedisCounters } from '../../../src/gateways/redis/counters.ts'
import type { JourneyLimits } from '../../../src/journeys/deps.ts'
import { createRateLimitStore } from '../../../src/stores/sign-in/rate-limits.ts'
import { createStandingClock } from '../../support/clock.ts'
import { describeOnBoth } from '../../support/stores/databases.ts'
import { describeOnRedis } from '../../support/stores/redis.ts'

const config = loadConfig({ NODE_ENV: 'development', DATA_DIR: '/nonexistent' })
const hash = createKeyedHash(config.secrets.hashKeys)

type Pausing = { count: number; window: number; pause: number }

/** The limits that each rule with a window and a pause stands for, by its place in `limits.yaml`. */
const limitsOf: Record<string, { rule: Pausing; names: (keyof JourneyLimits)[] }> = {
  'signIn.failures': { rule: config.limits.signIn.failures, names: ['signInFailures', 'knownBrowserFailures'] },
  unlockCode: {
    rule: { ...config.limits.unlockCode, count: config.limits.unlockCode.wrong },
    names: ['wrongUnlockCode'],
  },
}

/** Places of `limits.yaml` that hold a pause. */
function pausesIn(node: unknown, path: string[] = []): string[] {
  if (typeof node !== 'object' || node === null) return []
  const own = 'pause' in node ? [path.join('.')] : []
  return [...own, ...Object.entries(node).flatMap(([name, child]) => pausesIn(child, [...path, name]))]
}

it('every pause of limits.yaml is tried here', () => {
  const file: unknown = parse(readFileSync(new URL('../../../config/limits.yaml', import.meta.url), 'utf8'))
  expect(Object.keys(limitsOf).sort()).toEqual(pausesIn(file).sort())
})

describeOnBoth('limits with window and pause', (database) => describeRules(() => createRateLimitStore(database())))
describeOnRedis(
  'limits with window and pause',
  (current) => describeRules(() => createRedisCounters(current().gateway, current().prefix)),
  ['single'],
)

// Incident: a pause forgot the window, so that "10 an hour, then 15 minutes" let forty an hour through.
function describeRules(store: () => CounterStore): void {
  const cases = Object.entries(limitsOf).flatMap(([place, { rule, names }]) =>
    names.map((name) => ({ place, rule, name })),
  )

  describe.each(cases)('$place: $name', ({ rule, name }) => {
    const create = () => {
      const clock = createStandingClock('2026-11-25T09:00:00.000Z')
      const limiter = createLimiter(store(), clock)
      return { clock, limit: createJourneyLimits(config, { brief: limiter, lasting: limiter, hash })[name] as Limit }
    }

    it('lets the count through in a window, and one more after each pause', async () => {
      expect(rule.pause).toBeLessThan(rule.window)
      const { clock, limit } = create()
      let free = 0
      // Somebody who tries all the time: at once, and at the end of each pause.
      for (let second = 0; second < rule.window; second += rule.pause) {
        for (let turn = 0; turn < rule.count + 2; turn++) if ((await limit.use('stranger')) === null) free++
        clock.forward(rule.pause)
      }
      expect(free).toBe(rule.count + Math.ceil(rule.window / rule.pause) - 1)
    })

    it('is free for all of its count when the window is over', async () => {
      const { clock, limit } = create()
      for (let turn = 0; turn <= rule.count; turn++) await limit.use('patient')
      clock.forward(rule.window)
      for (let turn = 0; turn < rule.count; turn++) expect(await limit.use('patient')).toBeNull()
      expect(await limit.use('patient')).not.toBeNull()
    })
  })
}
