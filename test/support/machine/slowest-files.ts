import type { Reporter, TestModule } from 'vitest/node'

/** How many files are named. */
const count = 10

/** Names the files that took longest, hooks, imports and all, so that whoever adds a slow one sees it. */
export default class SlowestFiles implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const times = modules
      .map((module) => {
        const { duration, collectDuration, setupDuration, prepareDuration } = module.diagnostic()
        return {
          file: module.relativeModuleId,
          seconds: (duration + collectDuration + setupDuration + prepareDuration) / 1000,
        }
      })
      .sort((a, b) => b.seconds - a.seconds)
    const total = times.reduce((sum, { seconds }) => sum + seconds, 0)
    console.log(`\nSlowest of ${times.length} files, which took ${total.toFixed(0)} s together:`)
    for (const { file, seconds } of times.slice(0, count)) console.log(`${seconds.toFixed(1).padStart(7)} s  ${file}`)
  }
}
