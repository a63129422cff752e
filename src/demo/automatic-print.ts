import { berlinDay } from '../domain/calendar.ts'
import type { Clock } from '../gateways/clock.ts'
import type { PrintRunService } from '../services/letters/print-runs.ts'

type Settings = { printRuns: Pick<PrintRunService, 'prepare' | 'list' | 'release' | 'post'>; clock: Clock }

/**
 * Creates the print desk of development: it prepares, releases and posts by itself; one run at a time. A call prints whatever waits when
 * it is made.
 */
export function createAutomaticPrint({ printRuns, clock }: Settings): () => Promise<void> {
  let running: Promise<void> | undefined
  const run = async () => {
    const runId = await printRuns.prepare(berlinDay(clock.now()))
    for (const open of await printRuns.list(['prepared', 'released'])) {
      await printRuns.release(open.id)
      await printRuns.post(open.id)
    }
    if (runId) await run()
  }
  return async () => {
    // What is under way may have missed the newest letters.
    await running?.catch(() => {})
    running ??= run().finally(() => {
      running = undefined
    })
    await running
  }
}
