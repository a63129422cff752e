import type { ShiftableClock } from '../gateways/clock.ts'

/** The clock is moved in one process; this one follows within a second, until the function that comes back is called. */
export function followClock(
  settings: { get(name: string): Promise<string | null> },
  clock: Pick<ShiftableClock, 'setOffset'>,
): () => void {
  const timer = setInterval(async () => {
    const offset = await settings.get('clock_offset').catch(() => null)
    if (offset !== null) clock.setOffset(Number(offset))
  }, 1000)
  return () => clearInterval(timer)
}
