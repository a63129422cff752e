import { randomInt } from 'node:crypto'

/** One of several, each as likely as the other. */
export const oneOf = <T>(things: readonly [T, ...T[]]): T => things[randomInt(things.length)] ?? things[0]

/** Waits up to `longest` milliseconds, nobody knows how long. */
export const anyMoment = (longest: number) => new Promise((resolve) => setTimeout(resolve, randomInt(longest + 1)))

/** Waits `milliseconds`. */
export const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))

/** Takes care of a promise that is looked at later. */
export function settled<T>(work: Promise<T>): Promise<{ value?: T; error?: Error }> {
  return work.then(
    (value) => ({ value }),
    (error: Error) => ({ error }),
  )
}
