/** Times in milliseconds; `rate` per second of wall clock; `generatorCpu`: share of one core that the load generator took. */
export type Measured = {
  count: number
  failed: number
  seconds: number
  rate: number
  p50: number
  p95: number
  p99: number
  generatorCpu: number
}

type Load = { lanes: number; warmUpSeconds: number; seconds: number }

/**
 * Runs `work` in a closed loop: each lane begins anew when its last run has ended, so that the load never outgrows what is
 * served. Runs that begin in the warm-up are not counted. The first faults are printed.
 */
export async function measure(load: Load, work: (lane: number) => Promise<void>): Promise<Measured> {
  const times: number[] = []
  let failed = 0
  const from = performance.now() + load.warmUpSeconds * 1000
  const until = from + load.seconds * 1000
  let cpu: NodeJS.CpuUsage | undefined
  const lane = async (index: number) => {
    for (let begin = performance.now(); begin < until; begin = performance.now()) {
      if (begin >= from) cpu ??= process.cpuUsage()
      const fault = await work(index).then(
        () => undefined,
        (error: Error) => error,
      )
      const end = performance.now()
      if (fault) {
        if (failed++ < 3) console.error(`  failed: ${fault.message}`)
        await new Promise((resolve) => setTimeout(resolve, 100))
      } else if (end >= from && end <= until) times.push(end - begin)
    }
  }
  await Promise.all(Array.from({ length: load.lanes }, (_, index) => lane(index)))
  const { user, system } = process.cpuUsage(cpu)
  const { seconds } = load
  const generatorCpu = (user + system) / 1e6 / ((performance.now() - from) / 1000)
  return { count: times.length, failed, seconds, rate: times.length / seconds, ...percentiles(times), generatorCpu }
}

function percentiles(times: number[]): Pick<Measured, 'p50' | 'p95' | 'p99'> {
  times.sort((one, other) => one - other)
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? Number.NaN
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) }
}
