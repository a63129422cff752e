import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createOverload } from './overload.ts'

const rules = { eventLoopDelay: { begin: 500, end: 200 }, passwordQueue: { begin: 0.5, end: 0.25 }, retryAfter: 10 }
const lines: string[] = []
const note = (detail: object, line: string) => void lines.push(`${line} ${JSON.stringify(detail)}`)
let waiting = 0
let late = 0
const create = () =>
  createOverload({
    rules,
    passwords: () => ({ waiting, queue: 64 }),
    log: { warn: note, info: note },
    delay: () => late,
  })
beforeEach(() => {
  vi.useFakeTimers()
  waiting = late = lines.length = 0
})
afterEach(() => void vi.useRealTimers())

it('refuses from half of the password queue on, down to a quarter, and says so once a period', () => {
  const overload = create()
  waiting = 31
  expect(overload.refuses()).toBe(false)
  waiting = 32
  expect([overload.refuses(), overload.refuses()]).toEqual([true, true])
  waiting = 17
  expect(overload.refuses()).toBe(true)
  waiting = 15
  expect(overload.refuses()).toBe(false)
  waiting = 40
  overload.refuses()
  waiting = 0
  vi.advanceTimersByTime(3000)
  expect(lines).toEqual([
    'overloaded: new sign-ins and registrations are refused {"passwordsWaiting":32,"eventLoop":false}',
    'overload is over {"refused":4}',
  ])
})

it('refuses while the event loop is late for two seconds and more, not for a single long statement', () => {
  const overload = create()
  late = 900
  vi.advanceTimersByTime(1000)
  expect(overload.refuses()).toBe(false)
  late = 0
  vi.advanceTimersByTime(1000)
  late = 600
  vi.advanceTimersByTime(2000)
  expect(overload.refuses()).toBe(true)
  late = 250
  vi.advanceTimersByTime(3000)
  expect(overload.refuses()).toBe(true)
  late = 150
  vi.advanceTimersByTime(1000)
  expect(overload.refuses()).toBe(false)
  overload.close()
})
