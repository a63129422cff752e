import { berlinDay, type CalendarDay } from '../../domain/calendar.ts'
import { planPostingDay } from '../../domain/letters/posting-days.ts'
import { collectFaults, inTurn } from '../parts.ts'
import { handOverRun, type ReleaseOutcome, releaseRun, withdrawEnded } from './print-run/hand-over.ts'
import { cancelRun, type PostOutcome, postRun, tellPosted } from './print-run/posting.ts'
import { closeAtCutOff, createRun, openCollecting, prepareRun } from './print-run/prepare.ts'
import { followReceipts, settleSlipped } from './print-run/receipts.ts'
import type { PrintActor, PrintDesk } from './print-run/settings.ts'

export type { PrintActor } from './print-run/settings.ts'
export type PrintRunService = ReturnType<typeof createPrintRunService>

/**
 * Creates the print runs (Druckauftrag): `collecting → prepared → released → posted`, or `cancelled`
 * (docs/decisions/0016-print-desk.md). Every method may be called again after any fault and by several processes at once.
 */
export function createPrintRunService(desk: PrintDesk) {
  const { stores, clock, rules } = desk
  /** Prepares closed runs that nobody works on: just closed, a further one of a full run, or stopped half-way. */
  async function resume(): Promise<number> {
    const today = berlinDay(clock.now())
    const faults = collectFaults()
    const watched = { ...desk, reportUnreadable: faults.add }
    let done = 0
    for (;;) {
      const before = done
      for (const run of await stores.printRuns.abandoned(clock.now())) {
        // One whose day has passed is cancelled, not prepared.
        if ((run.postingDay ?? '') < today) continue
        if ((await prepareRun(watched, run.id, (run.preparedBy ?? 'system') as PrintActor)) === 'prepared') done++
      }
      if (done === before) return faults.end(done)
    }
  }
  /** A print shop that is away does not undo what was decided: the schedule withdraws again, and tells of the fault. */
  const withdrawSoon = () => withdrawEnded(desk).catch(() => 0)
  return {
    list: stores.printRuns.list,
    /** Ended runs of which the print shop could not be told, or that it did not let us delete; tried again by themselves. */
    notWithdrawn: () => stores.printHandOvers.notWithdrawn(),
    /** How many letters may be printed now. */
    countWaiting: () => stores.runLetters.countPrintable(clock.now()),
    /** The day on which a run that is prepared now is posted. */
    plannedPostingDay: (): CalendarDay => planPostingDay(berlinDay(clock.now()), rules),
    /** Puts the letters that may be printed now into a run of their own for `postingDay`; `null` when none waits. */
    async prepare(postingDay: CalendarDay, actor: PrintActor = 'system'): Promise<string | null> {
      const runId = await createRun(desk, { postingDay, until: clock.now(), actor })
      if (!runId) return null
      return (await prepareRun(desk, runId, actor)) === 'empty' ? null : runId
    },
    /**
     * Lets a run go and hands it over, again when it was released before. `not_handed_over`: it is released, and the
     * hand-over is tried again by itself.
     */
    async release(runId: string, actor: PrintActor = 'system'): Promise<ReleaseOutcome | 'not_handed_over'> {
      const outcome = await releaseRun(desk, runId, actor)
      if (outcome === 'same_person' || outcome === 'same_account') return outcome
      const handed = await handOverRun(desk, runId).catch(() => 'failed')
      if (outcome === 'refused') return handed === 'handed_over' ? 'released' : 'refused'
      return handed === 'handed_over' ? 'released' : 'not_handed_over'
    },
    /** The letters are in the post; `postedOn` is today when nothing else is said. */
    async post(runId: string, actor: PrintActor = 'system', postedOn?: CalendarDay): Promise<PostOutcome> {
      const outcome = await postRun(desk, runId, { actor, postedOn: postedOn ?? berlinDay(clock.now()) })
      await withdrawSoon()
      return outcome
    },
    /** Calls a run back; its letters wait for the next one. */
    async cancel(runId: string, reason: string, actor: PrintActor = 'system'): Promise<boolean> {
      const cancelled = await cancelRun(desk, runId, { actor, reason })
      await withdrawSoon()
      return cancelled
    },
    /** The work of the schedule; each answers how much it did and may run at any time. */
    jobs: {
      /** At the cut-off the run of the day is closed and prepared, and the next one collects. */
      async prepareDue(): Promise<number> {
        await openCollecting(desk)
        await closeAtCutOff(desk)
        await openCollecting(desk)
        return await resume()
      },
      resume,
      /** Hands over what is released, again after a fault. */
      async handOver(): Promise<number> {
        let done = 0
        for (const run of await stores.printHandOvers.due(clock.now()))
          if ((await handOverRun(desk, run.id).catch(() => 'failed')) === 'handed_over') done++
        return done
      },
      /**
       * Follows receipts, cancels what has slipped, tells whom a process that died has not told, destroys what is over; members are
       * told and codes destroyed also while the print shop is away.
       */
      async settle(): Promise<number> {
        return await inTurn([
          () => followReceipts(desk),
          () => settleSlipped(desk),
          async () => {
            const faults = collectFaults()
            let told = 0
            for (const runId of await stores.runLetters.runsWithUntold())
              told += await tellPosted({ ...desk, reportUnreadable: faults.add }, runId)
            return faults.end(told)
          },
          () => stores.printFiles.destroyOfEndedRuns(),
          () => withdrawEnded(desk),
        ])
      },
    },
  }
}
