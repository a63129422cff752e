import { monitorEventLoopDelay } from 'node:perf_hooks'

/** Where shedding begins and where it ends again; `end` lies below `begin`, so that it does not flicker. */
type Threshold = { begin: number; end: number }

export type OverloadRules = {
  /** Milliseconds that the event loop is late, mean of a second. */
  eventLoopDelay: Threshold
  /** Share of the queue of password hashing that waits. */
  passwordQueue: Threshold
  /** Seconds after which refused work may come again. */
  retryAfter: number
}

type Settings = {
  rules: OverloadRules
  /** Work waiting for password hashing, and how much may. */
  passwords(): { waiting: number; queue: number }
  log: { warn(detail: object, message: string): void; info(detail: object, message: string): void }
  /** Milliseconds that the event loop is late; the process's own when unset. */
  delay?: () => number
}

/** Tells whether this process has more to do than it can. */
export type Overload = {
  /** True while new work should be refused; what is refused is counted for the log. */
  refuses(): boolean
  /** The same for an onlooker: nothing is counted. */
  shedding(): boolean
  retryAfter: number
  close(): void
}

/** Seconds in a row that the event loop must be late: one long statement of an import is no overload. */
const lateSeconds = 2

/** Watches the event loop and the queue of password hashing; begin and end of a period stand in the log, once each. */
export function createOverload({ rules, passwords, log, delay = createDelayMeter() }: Settings): Overload {
  let late = 0
  let loopShedding = false
  let queueShedding = false
  let period: { refused: number } | undefined

  function look(): boolean {
    const { waiting, queue } = passwords()
    queueShedding = waiting / queue >= (queueShedding ? rules.passwordQueue.end : rules.passwordQueue.begin)
    const shedding = queueShedding || loopShedding
    if (shedding && !period) {
      period = { refused: 0 }
      log.warn(
        { passwordsWaiting: waiting, eventLoop: loopShedding },
        'overloaded: new sign-ins and registrations are refused',
      )
    }
    return shedding
  }
  /** A period ends at the turn of a second only, so that a queue that swings is one period. */
  function turn(): void {
    const now = delay()
    late = now >= (loopShedding ? rules.eventLoopDelay.end : rules.eventLoopDelay.begin) ? late + 1 : 0
    loopShedding = loopShedding ? late > 0 : late >= lateSeconds
    if (look() || !period) return
    log.info({ refused: period.refused }, 'overload is over')
    period = undefined
  }
  const timer = setInterval(turn, 1000)
  timer.unref()
  return {
    retryAfter: rules.retryAfter,
    shedding: look,
    refuses() {
      const shedding = look()
      if (shedding && period) period.refused++
      return shedding
    },
    close: () => clearInterval(timer),
  }
}

/** Measures by how much timers of this process are late, in milliseconds, mean since the last look. */
function createDelayMeter(): () => number {
  const resolution = 20
  const histogram = monitorEventLoopDelay({ resolution })
  histogram.enable()
  return () => {
    const mean = histogram.count > 0 ? histogram.mean / 1e6 - resolution : 0
    histogram.reset()
    return Math.max(0, mean)
  }
}
