/** What is known of one ring when its next step is decided. All lists hold key ids. */
export type RingState = {
  /** The ring as the settings of this process hold it: the first writes. */
  keys: readonly string[]
  /** Keys that have never written. */
  fresh: readonly string[]
  /** Processes at work, with the ring of each. */
  holders: readonly { process: string; keys: readonly string[] }[]
  /** Why an old key still has to stay; empty: it may go. */
  neededBy: (kid: string) => readonly string[]
}

/**
 * What a rotation waits for or does next: `add` a key behind the first, `use` it once every process has it, `wait` until
 * no row needs the old one, `remove` it.
 */
export type RotationStep =
  | { step: 'add' }
  | { step: 'distribute'; kid: string; processes: string[] }
  | { step: 'use'; kid: string }
  | { step: 'restart'; kid: string; processes: string[] }
  | { step: 'wait'; kid: string; reasons: readonly string[] }
  | { step: 'remove'; kid: string }

/**
 * Decides the next step of a ring (decision 13). The order makes every moment safe: a key is readable everywhere before
 * the first process writes with it, and a key goes only when nobody writes with it and nothing it wrote is left.
 */
export function nextRotationStep({ keys, fresh, holders, neededBy }: RingState): RotationStep {
  const [writer = '', ...others] = keys
  const waiting = others.find((kid) => fresh.includes(kid))
  if (waiting) {
    const without = holders.filter((holder) => !holder.keys.includes(waiting)).map(({ process }) => process)
    if (without.length > 0) return { step: 'distribute', kid: waiting, processes: without }
    return { step: 'use', kid: waiting }
  }
  const old = others.at(-1)
  if (!old) return { step: 'add' }
  const behind = holders.filter((holder) => holder.keys[0] !== writer).map(({ process }) => process)
  if (behind.length > 0) return { step: 'restart', kid: writer, processes: behind }
  const reasons = neededBy(old)
  return reasons.length > 0 ? { step: 'wait', kid: old, reasons } : { step: 'remove', kid: old }
}

/** Whether a new key may be added: none is on its way, and every process writes with the first. */
export function mayAddKey(state: RingState): boolean {
  return !['distribute', 'use', 'restart'].includes(nextRotationStep(state).step)
}

/** Id of a new key: the day it is made, so that people see its age; a second one of the day gets a number. */
export function newKeyId(day: string, taken: readonly string[]): string {
  for (let number = 1; ; number++) {
    const kid = number === 1 ? day : `${day}-${number}`
    if (!taken.includes(kid)) return kid
  }
}

/** When a key was made: the day in its id, if it has one and that is earlier than when it was first seen. */
export function keyMadeAt(kid: string, firstSeenAt: Date): Date {
  const [, year, month, day = '01'] = /^(\d{4})-(\d{2})(?:-(\d{2}))?(?:-\d+)?$/.exec(kid) ?? []
  const named = year ? new Date(`${year}-${month}-${day}T00:00:00Z`) : firstSeenAt
  return named < firstSeenAt ? named : firstSeenAt
}
