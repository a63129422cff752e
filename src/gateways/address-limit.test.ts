import { randomBytes } from 'node:crypto'
import { expect, it, vi } from 'vitest'
import { createKeyedHash } from '../crypto/field-encryption.ts'
import { createAddressLimit } from './address-limit.ts'
import type { Limit, LimitRule } from './limiter.ts'

const until = new Date('2026-11-25T09:01:00.000Z')
const hash = createKeyedHash([{ kid: 'a', secret: randomBytes(32) }])
const asked: [string, string, number, number][] = []
let refusedBy = 0
const limiter = (rule: LimitRule): Limit => {
  const ask =
    (word: string) =>
    async (key: string, points = 1) => {
      asked.push([word, key, rule.count, points])
      return rule.count === refusedBy ? until : null
    }
  const [use, exhaustedUntil] = [ask('use'), ask('exhaustedUntil')]
  const giveBack = async (key: string) => void (await ask('giveBack')(key))
  return { use, exhaustedUntil, giveBack, blockedUntil: ask('blockedUntil'), reset: vi.fn() }
}
const limit = createAddressLimit(
  { limiter, hash, factors: { per56: 1.5, per48: 4 } },
  { name: 'rule', count: 3, window: 60 },
)

const ask = async (word: 'use' | 'exhaustedUntil', address: string, points?: number) => {
  asked.length = 0
  return await limit[word](address, points)
}
const countsOf = (word: string) => asked.filter(([said]) => said === word).map(([, , count]) => count)

it.each(['use', 'exhaustedUntil'] as const)(
  '%s asks for the address and its prefixes, and none in clear',
  async (word) => {
    refusedBy = 0
    expect(await ask(word, '[2001:db8:1:102::7]:443', 2)).toBeNull()
    expect(asked.filter(([said]) => said === word).slice(-3)).toEqual([
      [word, hash.hash('2001:db8:1:102::/64', 'limit:address'), 3, 2],
      [word, hash.hash('2001:db8:1:100::/56', 'limit:address'), 5, 2],
      [word, hash.hash('2001:db8:1::/48', 'limit:address'), 12, 2],
    ])
    expect(JSON.stringify(asked)).not.toContain('2001')
  },
)

it('asks nobody further once one has refused', async () => {
  refusedBy = 5
  expect(await ask('exhaustedUntil', '2001:db8:1:102::7')).toBe(until)
  expect(countsOf('exhaustedUntil')).toEqual([3, 5])
})

// Incident: a network of 65,536 /64s left a counter for each request, though its /48 was refused.
it.each([5, 12])('leaves no counter behind in a prefix that is used up (%i)', async (count) => {
  refusedBy = count
  expect(await ask('use', '2001:db8:1:102::7')).toBe(until)
  expect(countsOf('use')).toEqual([])
})

it('looks at an IPv4 address once', async () => {
  refusedBy = 0
  expect(await ask('use', '192.0.2.1')).toBeNull()
  expect(asked).toHaveLength(1)
})

it('gives back what was counted', async () => {
  asked.length = 0
  await limit.giveBack('2001:db8:1:102::7')
  expect(countsOf('giveBack')).toEqual([3, 5, 12])
})
