/** Times in milliseconds; `rate` per second of wall clock; `generatorCpu`: share of one core that the load generator took. */
export type Measured = {
  count: number
  /** With what ended before and after the measured time: for what is counted over the whole run. */
  ended: number
  failed: number
  seconds: number
  rate: number
  p50: number
  p95: number
  p99: number
  generatorCpu: number
}

export type Load = { lanes: number; warmUpSeconds: number; seconds: number }

/** The mean of some numbers. */
export const mean = (numbers: number[]) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length

// Kept out of what is written to the file: thousands of numbers.
const timesOf = new WeakMap<Measured, number[]>()

/**
 * Runs `work` in a closed loop: each lane begins anew when its last run has ended, so that the load never outgrows what is
 * served. Only what ends between warm-up and end is counted. The first faults are printed. `work` is told its lane.
 */
export async function measure(load: Load, work: (lane: number) => Promise<unknown>): Promise<Measured> {
  const times: number[] = []
  let failed = 0
  let ended = 0
  const from = performance.now() + load.warmUpSeconds * 1000
  const until = from + load.seconds * 1000
  const cpu = { before: 0, after: 0 }
  const watch = [
    setTimeout(() => (cpu.before = processorSeconds()), load.warmUpSeconds * 1000),
    setTimeout(() => (cpu.after = processorSeconds()), (load.warmUpSeconds + load.seconds) * 1000),
  ]
  const lane = async (index: number) => {
    for (let begin = performance.now(); begin < until; begin = performance.now()) {
      const fault = await work(index).then(
        () => undefined,
        (error: Error) => error,
      )
      const end = performance.now()
      if (fault) {
        if (failed++ < 3) console.error(`  failed: ${fault.message}`)
        await new Promise((resolve) => setTimeout(resolve, 100))
        continue
      }
      ended++
      if (end >= from && end <= until) times.push(end - begin)
    }
  }
  await Promise.all(Array.from({ length: load.lanes }, (_, index) => lane(index)))
  for (const timer of watch) clearTimeout(timer)
  const generatorCpu = Math.max(0, cpu.after - cpu.before) / load.seconds
  return summarise(times, { ended, failed, seconds: load.seconds, generatorCpu })
}

/** Puts several turns of one measurement together. */
export function merge(turns: Measured[]): Measured {
  const failed = turns.reduce((sum, turn) => sum + turn.failed, 0)
  const ended = turns.reduce((sum, turn) => sum + turn.ended, 0)
  const seconds = turns.reduce((sum, turn) => sum + turn.seconds, 0)
  const generatorCpu = mean(turns.map((turn) => turn.generatorCpu))
  return summarise(
    turns.flatMap((turn) => timesOf.get(turn) ?? []),
    { ended, failed, seconds, generatorCpu },
  )
}

function summarise(times: number[], rest: Pick<Measured, 'ended' | 'failed' | 'seconds' | 'generatorCpu'>): Measured {
  const count = times.length
  const sorted = times.toSorted((one, other) => one - other)
  const at = (share: number) => sorted[Math.min(count - 1, Math.floor(count * share))] ?? Number.NaN
  const measured = { count, rate: count / rest.seconds, p50: at(0.5), p95: at(0.95), p99: at(0.99), ...rest }
  timesOf.set(measured, times)
  return measured
}

function processorSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}
