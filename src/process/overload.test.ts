import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createOverload } from './overload.ts'
import { createStandstill } from './standstill.ts'

const rules = {
  eventLoopDelay: { begin: 500, end: 200 },
  passwordQueue: { begin: 0.5, end: 0.25 },
  knownBrowsers: { eventLoopDelay: { begin: 900, end: 400 }, passwordQueue: { begin: 0.7, end: 0.5 } },
  retryAfter: 10,
}

/** Keeps the only thread busy, as a handler that computes does. */
function block(milliseconds: number): void {
  for (const until = performance.now() + milliseconds; performance.now() < until; );
}

describe('the ladder', () => {
  const lines: string[] = []
  const note = (detail: object, line: string) => void lines.push(`${line} ${JSON.stringify(detail)}`)
  let waiting = 0
  let stood = 0
  const create = () =>
    createOverload({
      rules,
      passwords: () => ({ waiting, queue: 64 }),
      log: { warn: note, info: note },
      standstill: { perSecond: () => stood, close: () => {} },
    })
  const refused = (overload: ReturnType<typeof create>) => [
    overload.refuses('stranger'),
    overload.refuses('knownBrowser'),
  ]
  beforeEach(() => {
    vi.useFakeTimers()
    waiting = stood = lines.length = 0
  })
  afterEach(() => void vi.useRealTimers())

  it('refuses strangers from half of the password queue on, known browsers later, and says so once a period', () => {
    const overload = create()
    waiting = 31
    expect(refused(overload)).toEqual([false, false])
    waiting = 32
    expect(refused(overload)).toEqual([true, false])
    waiting = 45
    expect(refused(overload)).toEqual([true, true])
    waiting = 31
    expect(refused(overload)).toEqual([true, false])
    waiting = 15
    expect(refused(overload)).toEqual([false, false])
    waiting = 40
    overload.refuses('stranger')
    waiting = 0
    vi.advanceTimersByTime(3000)
    expect(lines).toEqual([
      'overloaded: new sign-ins and registrations are refused {"passwordsWaiting":32,"stoodStill":0}',
      'overload is over {"refused":5}',
    ])
  })

  it('refuses while the loop stands still, strangers first, without any timer in between', () => {
    const overload = create()
    stood = 499
    expect(refused(overload)).toEqual([false, false])
    stood = 500
    expect(refused(overload)).toEqual([true, false])
    stood = 950
    expect(refused(overload)).toEqual([true, true])
    stood = 300
    expect(refused(overload)).toEqual([true, false])
    stood = 199
    expect(refused(overload)).toEqual([false, false])
    expect(lines).toHaveLength(1)
    overload.close()
  })
})

// Incident: the loop was watched by a timer of its own, which runs when the loop is free again.
describe('an event loop that is really blocked', () => {
  it('is seen at once, before any timer has run', async () => {
    const overload = createOverload({
      rules,
      passwords: () => ({ waiting: 0, queue: 64 }),
      log: { warn: () => {}, info: () => {} },
    })
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(overload.refuses('stranger')).toBe(false)
    block(1200)
    expect(overload.refuses('stranger')).toBe(true)
    overload.close()
  })

  it('is remembered for two seconds, by turns of a loop that hardly comes to breathe', async () => {
    const standstill = createStandstill()
    for (let turn = 0; turn < 6; turn++) {
      block(300)
      await new Promise((resolve) => setTimeout(resolve, 0))
    }
    expect(standstill.perSecond()).toBeGreaterThan(500)
    standstill.close()
  })

  it('is forgotten after them, and one long statement is none', () => {
    let now = 0
    vi.useFakeTimers()
    try {
      const standstill = createStandstill(() => now)
      const pass = (milliseconds: number) => {
        for (let step = 0; step < milliseconds; step += 20) {
          now += 20
          vi.advanceTimersByTime(20)
        }
      }
      pass(3000)
      expect(standstill.perSecond()).toBe(0)
      now += 900
      expect(standstill.perSecond()).toBe(450)
      vi.advanceTimersByTime(20)
      pass(1000)
      expect(standstill.perSecond()).toBe(450)
      pass(1100)
      expect(standstill.perSecond()).toBe(0)
      standstill.close()
    } finally {
      vi.useRealTimers()
    }
  })
})
