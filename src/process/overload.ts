import { createStandstill, type Standstill } from './standstill.ts'

/** Where shedding begins and where it ends again; `end` lies below `begin`, so that it does not flicker. */
type Threshold = { begin: number; end: number }

/** When one rung of the ladder is refused. */
type Rung = {
  /** Milliseconds of each second that the event loop stood still, over two seconds: one long statement is no overload. */
  eventLoopDelay: Threshold
  /** Share of the queue of password hashing that waits. */
  passwordQueue: Threshold
}

export type OverloadRules = Rung & {
  /** Browsers in which somebody has signed in before hold out longer than strangers. */
  knownBrowsers: Rung
  /** Seconds after which refused work may come again. */
  retryAfter: number
}

/** Who brings new work: nobody is asked who has begun already. */
export type Newcomer = 'stranger' | 'knownBrowser'

type Settings = {
  rules: OverloadRules
  /** Work waiting for password hashing, and how much may. */
  passwords(): { waiting: number; queue: number }
  log: { warn(detail: object, message: string): void; info(detail: object, message: string): void }
  standstill?: Standstill
}

/** Tells whether this process has more to do than it can. */
export type Overload = {
  /** True while new work of this kind should be refused; what is refused is counted for the log. */
  refuses(who: Newcomer): boolean
  /** Whether strangers are refused, for an onlooker: nothing is counted. */
  shedding(): boolean
  retryAfter: number
  close(): void
}

/**
 * Watches the event loop and the queue of password hashing, at the moment that it is asked: a blocked loop runs no timer that could notice.
 * Begin and end of a period stand in the log, once each.
 */
export function createOverload({ rules, passwords, log, standstill = createStandstill() }: Settings): Overload {
  const rungs = { stranger: createRung(rules), knownBrowser: createRung(rules.knownBrowsers) }
  let period: { refused: number } | undefined

  function look(who: Newcomer): boolean {
    const { waiting, queue } = passwords()
    const stood = standstill.perSecond()
    // Both, so that each keeps its own begin and end.
    const refused = {
      stranger: rungs.stranger(stood, waiting / queue),
      knownBrowser: rungs.knownBrowser(stood, waiting / queue),
    }
    if (refused.stranger && !period) {
      period = { refused: 0 }
      log.warn(
        { passwordsWaiting: waiting, stoodStill: Math.round(stood) },
        'overloaded: new sign-ins and registrations are refused',
      )
    }
    return refused[who]
  }
  /** A period ends at the turn of a second only, so that a queue that swings is one period. */
  function turn(): void {
    if (look('stranger') || !period) return
    log.info({ refused: period.refused }, 'overload is over')
    period = undefined
  }
  const timer = setInterval(turn, 1000)
  timer.unref()
  return {
    retryAfter: rules.retryAfter,
    shedding: () => look('stranger'),
    refuses(who) {
      const refused = look(who)
      if (refused && period) period.refused++
      return refused
    },
    close() {
      clearInterval(timer)
      standstill.close()
    },
  }
}

function createRung({ eventLoopDelay, passwordQueue }: Rung) {
  let loop = false
  let queue = false
  return (stood: number, share: number): boolean => {
    loop = stood >= (loop ? eventLoopDelay.end : eventLoopDelay.begin)
    queue = share >= (queue ? passwordQueue.end : passwordQueue.begin)
    return loop || queue
  }
}
