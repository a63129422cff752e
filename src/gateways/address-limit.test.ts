import { randomBytes } from 'node:crypto'
import { expect, it, vi } from 'vitest'
import { createAddressLimit } from './address-limit.ts'
import { createKeyedHash } from './field-encryption.ts'
import type { Limit, LimitRule } from './limiter.ts'

const until = new Date('2026-11-25T09:01:00.000Z')
const hash = createKeyedHash([{ kid: 'a', secret: randomBytes(32) }])
const asked: [string, number, number][] = []
let refusedBy = 0
const limiter = (rule: LimitRule): Limit => {
  const ask = async (key: string, points = 1) => {
    asked.push([key, rule.count, points])
    return rule.count === refusedBy ? until : null
  }
  return { use: ask, exhaustedUntil: ask, blockedUntil: ask, giveBack: vi.fn(), reset: vi.fn() }
}
const limit = createAddressLimit(
  { limiter, hash, factors: { per56: 1.5, per48: 4 } },
  { name: 'rule', count: 3, window: 60 },
)

it.each(['use', 'exhaustedUntil'] as const)(
  '%s asks for the address and its prefixes, and none in clear',
  async (word) => {
    asked.length = 0
    refusedBy = 0
    expect(await limit[word]('[2001:db8:1:102::7]:443', 2)).toBeNull()
    expect(asked).toEqual([
      [hash.hash('2001:db8:1:102::/64', 'limit:address'), 3, 2],
      [hash.hash('2001:db8:1:100::/56', 'limit:address'), 5, 2],
      [hash.hash('2001:db8:1::/48', 'limit:address'), 12, 2],
    ])
    expect(JSON.stringify(asked)).not.toContain('2001')
  },
)

it('asks nobody further once one has refused', async () => {
  asked.length = 0
  refusedBy = 5
  expect(await limit.use('2001:db8:1:102::7')).toBe(until)
  expect(asked.map(([, count]) => count)).toEqual([3, 5])
})
