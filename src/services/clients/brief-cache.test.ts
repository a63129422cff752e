import { expect, it } from 'vitest'
import { createBriefCache } from './brief-cache.ts'

function createWorld({ found = 10, missing = 10 } = {}) {
  const world = { now: 0, asked: [] as string[], there: new Set(['a', 'b', 'c']), fault: false }
  let release = () => {}
  let gate = Promise.resolve()
  const ask = createBriefCache<string>({
    async load(key) {
      world.asked.push(key)
      const there = world.there.has(key)
      await gate
      if (world.fault) throw new Error('away')
      return there ? key.toUpperCase() : undefined
    },
    freshFor: 4000,
    most: { found, missing },
    now: () => world.now,
  })
  const hold = () => {
    gate = new Promise((resolve) => {
      release = resolve
    })
    return () => release()
  }
  return { world, ask, hold }
}

it('asks once in four seconds, for what is there and for what is not', async () => {
  const { world, ask } = createWorld()
  expect([await ask('a'), await ask('x')]).toEqual(['A', undefined])
  world.there = new Set(['x'])
  world.now = 3999
  expect([await ask('a'), await ask('x')]).toEqual(['A', undefined])
  world.now = 4000
  expect([await ask('a'), await ask('x')]).toEqual([undefined, 'X'])
  expect(world.asked).toEqual(['a', 'x', 'a', 'x'])
})

it('lets all who ask meanwhile wait for the same answer', async () => {
  const { world, ask, hold } = createWorld()
  const release = hold()
  const answers = Array.from({ length: 16 }, () => ask('a'))
  release()
  expect(await Promise.all(answers)).toEqual(Array(16).fill('A'))
  expect(world.asked).toEqual(['a'])
})

it('counts from the question: a slow answer is not good for longer', async () => {
  const { world, ask, hold } = createWorld()
  const release = hold()
  const slow = ask('a')
  world.there.delete('a')
  world.now = 4000
  const next = ask('a')
  release()
  expect([await slow, await next]).toEqual(['A', undefined])
  expect(await ask('a')).toBeUndefined()
})

it('keeps a fault for nobody', async () => {
  const { world, ask } = createWorld()
  world.fault = true
  await expect(ask('a')).rejects.toThrow('away')
  world.fault = false
  expect(await ask('a')).toBe('A')
})

it('forgets the oldest, and lets questions for what never was push out nothing that is', async () => {
  const { world, ask } = createWorld({ found: 2, missing: 2 })
  for (const key of ['a', 'b', 'x1', 'x2', 'x3', 'x4']) await ask(key)
  world.asked = []
  for (const key of ['a', 'b', 'x4', 'x3']) await ask(key)
  expect(world.asked).toEqual([])
  for (const key of ['c', 'x1', 'a', 'x3']) await ask(key)
  expect(world.asked).toEqual(['c', 'x1', 'a', 'x3'])
})
