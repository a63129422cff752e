import { EventEmitter } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { createUsesUnderWay } from './uses-under-way.ts'

it('tells a request sent with the first one from one sent after its answer', async () => {
  const uses = createUsesUnderWay(10_000)
  const response = new EventEmitter()
  expect(uses.timing('token', 1, 0)).toBeUndefined()
  uses.begin('token', 1, response)
  expect(uses.timing('token', 1, 0)).toBe('concurrent')
  response.emit('finish')
  await sleep(20)
  expect(uses.timing('token', 1, 1)).toBe('later')
  expect(uses.timing('token', 1, 500)).toBe('concurrent')
})

it('says nothing about uses that another process answered, or that are long over', async () => {
  const uses = createUsesUnderWay(10)
  uses.begin('token', 1, new EventEmitter())
  expect(uses.timing('token', 2, 0)).toBeUndefined()
  await sleep(20)
  uses.begin('other', 1, new EventEmitter())
  expect(uses.timing('token', 1, 0)).toBeUndefined()
})
