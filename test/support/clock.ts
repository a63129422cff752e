import type { Clock } from '../../src/gateways/clock.ts'

/** A clock that stands until the test moves it. */
export type StandingClock = Clock & { set(instant: string): void; forward(seconds: number): void }

/** Creates a clock that stands at `instant` (ISO 8601). */
export function createStandingClock(instant: string): StandingClock {
  let time = new Date(instant).getTime()
  return {
    now: () => new Date(time),
    set: (next) => {
      time = new Date(next).getTime()
    },
    forward: (seconds) => {
      time += seconds * 1000
    },
  }
}
