import { expect, it } from 'vitest'
import { createKeptKeySets } from './kept-key-sets.ts'

const set = (...kids: string[]) => JSON.stringify({ keys: kids.map((kid) => ({ kty: 'EC', kid })) })

it('keeps a key set for a minute, and says until when it counts', () => {
  let now = 1_000_400
  const kept = createKeptKeySets(() => now)
  kept.keep('a', set('one'))
  expect([kept.find('a'), kept.until('a')]).toEqual([set('one'), 1060])
  expect([kept.lacks('a', 'one'), kept.lacks('a', 'two'), kept.lacks('b', 'two')]).toEqual([false, true, false])
  now += 60_000
  expect([kept.find('a'), kept.lacks('a', 'two'), kept.until('a')]).toEqual([undefined, false, 1060])
})

it('keeps nothing that is no key set, and forgets what it is told to', () => {
  const kept = createKeptKeySets()
  for (const text of ['<html>', 'null', '{}', '{"keys":{}}', '{"keys":["x"]}']) kept.keep('a', text)
  expect(kept.find('a')).toBeUndefined()
  kept.keep('a', set())
  kept.forget('a')
  expect(kept.find('a')).toBeUndefined()
})

it('keeps five hundred at most, the latest', () => {
  const kept = createKeptKeySets()
  for (let n = 0; n < 501; n++) kept.keep(String(n), set())
  expect([kept.find('0'), kept.find('1'), kept.find('500')]).toEqual([undefined, set(), set()])
})
