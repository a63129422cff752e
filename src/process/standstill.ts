/** Milliseconds between two looks, and the span that is looked back over. */
const resolution = 20
const span = 2000
/** Shorter standstills are the ordinary turns of a busy loop. */
const noticed = 50

/** Tells how long the event loop has stood still of late, in milliseconds of each second. */
export type Standstill = { perSecond(): number; close(): void }

/**
 * Watches the event loop of this process over the last two seconds. The standstill that is going on counts while it lasts: asked by a
 * request that waited for it, the answer does not need a timer of the same loop to have run first. `now` in milliseconds.
 */
export function createStandstill(now: () => number = () => performance.now()): Standstill {
  let last = now()
  let gaps: { from: number; to: number }[] = []
  const turn = () => {
    const at = now()
    if (at - last > resolution + noticed) gaps.push({ from: last, to: at })
    last = at
    gaps = gaps.filter(({ to }) => to > at - span)
  }
  const timer = setInterval(turn, resolution)
  timer.unref()
  return {
    perSecond() {
      const at = now()
      const going = at - last > resolution + noticed ? [{ from: last, to: at }] : []
      const stood = [...gaps, ...going].reduce(
        (sum, { from, to }) => sum + Math.max(0, to - Math.max(from, at - span)),
        0,
      )
      return (stood / span) * 1000
    },
    close: () => clearInterval(timer),
  }
}
