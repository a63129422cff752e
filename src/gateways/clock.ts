/** Tells the time of our own rules (registrations, letters, codes, limits, reminders). */
export type Clock = { now(): Date }

/** Creates the clock of production: the machine's own. */
export function createSystemClock(): Clock {
  return { now: () => new Date() }
}

/** A clock that can be moved forward; development and tests only (contract.md, `/dev/clock`). */
export type ShiftableClock = Clock & {
  /** Offset to the machine's clock in milliseconds. */
  offset(): number
  setOffset(milliseconds: number): void
}

/** Creates a clock that runs `offset` milliseconds ahead of the machine's. */
export function createShiftableClock(offset = 0): ShiftableClock {
  let shift = offset
  return {
    now: () => new Date(Date.now() + shift),
    offset: () => shift,
    setOffset: (milliseconds) => {
      shift = milliseconds
    },
  }
}
