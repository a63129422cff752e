import { berlinDay } from '../../../domain/calendar.ts'
import { assumedConfirmation, receiptLastDay } from '../../../domain/letters/posting-days.ts'
import type { PrintReceipt, ReceivedReceipt } from '../../../gateways/letters/letter-delivery.ts'
import type { PrintRun } from '../../../stores/letters/print-runs.ts'
import { inTurn } from '../../parts.ts'
import { failure } from './hand-over.ts'
import { cancelRun, postRun } from './posting.ts'
import type { PrintDesk } from './settings.ts'

/** Follows the receipts of the print shop; answers how many were settled. One that fails holds up no other; then it throws. */
export async function followReceipts(desk: PrintDesk): Promise<number> {
  const received = await desk.delivery.receipts()
  return await inTurn(received.map((each) => async () => ((await followOne(desk, each)) ? 1 : 0)))
}

async function followOne(desk: PrintDesk, { name, receipt }: ReceivedReceipt): Promise<boolean> {
  const outcome = receipt ? await follow(desk, receipt) : 'unreadable'
  if (outcome === 'later') return false
  if (outcome !== 'followed') {
    const detail = { receipt: name, reason: outcome }
    await desk.alerts.raise(undefined, { kind: 'print_receipt_refused', detail })
  }
  try {
    await desk.delivery.settle(name, outcome === 'followed' ? 'followed' : 'refused')
  } catch (error) {
    // It was followed, and is followed again without harm; but the folder of receipts does not get empty.
    await desk.alerts.raise(undefined, {
      kind: 'print_receipt_not_settled',
      detail: { receipt: name, ...failure(error) },
    })
    throw error
  }
  return true
}

type Outcome = 'followed' | 'later' | 'unreadable' | 'unknown_run' | 'not_released' | 'differs' | 'posted_late'

async function follow(desk: PrintDesk, receipt: PrintReceipt): Promise<Outcome> {
  const { runId, state } = receipt
  const run = await desk.stores.printRuns.find(runId)
  if (!run) return 'unknown_run'
  // The same receipt again, or its file was not settled before the process died.
  if (run.state === 'posted') return matches(receipt, run) ? 'followed' : 'differs'
  if (run.state !== 'released') return 'not_released'
  // The shop answered before its hand-over was noted here; a run that is never handed over is cancelled after its day.
  if (!run.handedOverAt) return 'later'
  if (state === 'rejected') {
    await cancelRun(desk, runId, { actor: 'system', reason: 'rejected_by_print_shop' })
    await desk.alerts.raise(undefined, { kind: 'print_run_rejected', detail: { run: runId } })
    return 'followed'
  }
  if (!matches(receipt, run)) return 'differs'
  if (state === 'accepted') {
    await desk.stores.printRuns.markAccepted(runId, desk.clock.now())
    return 'followed'
  }
  const outcome = await postRun(desk, runId, { actor: 'system', postedOn: receipt.postedOn ?? '' })
  if (outcome === 'too_early') return 'later'
  if (outcome === 'posted') return 'followed'
  return outcome === 'slipped' ? 'posted_late' : 'not_released'
}

/** What the shop printed is what was handed over: digest of the PDF and counts are those of the manifest. */
function matches({ sha256, counts }: PrintReceipt, run: PrintRun): boolean {
  const [pdf] = run.files ?? []
  return sha256 === pdf?.sha256 && counts.letters === run.letterCount && counts.sheets === run.sheetCount
}

/** How many earlier runs stand for what is usual. */
const sampleSize = 10

/**
 * Cancels the runs that cannot be posted on their planned day any more, and tells operators: one that is not with the print
 * shop when the day is over, or has no receipt when the grace is over. A run without printed letters has no shop to confirm
 * it: it is posted when others usually are, as the time of the e-mail must not tell that nobody of it matched.
 */
export async function settleSlipped(desk: PrintDesk): Promise<number> {
  const { stores, clock, rules } = desk
  const now = clock.now()
  const today = berlinDay(now)
  let done = 0
  const usual = await stores.printRuns.latestConfirmations(sampleSize)
  for (const run of await stores.printRuns.openWithPostingDay()) {
    const postingDay = run.postingDay ?? today
    const withShop = run.state === 'released' && run.handedOverAt !== null
    const lastDay = withShop ? receiptLastDay(postingDay, rules) : postingDay
    if (withShop && run.files?.length === 0 && today <= lastDay) {
      if (now < assumedConfirmation({ id: run.id, postingDay }, usual, rules)) continue
      if ((await postRun(desk, run.id, { actor: 'system', postedOn: postingDay })) === 'posted') done++
      continue
    }
    if (run.state === 'prepared' && today === postingDay)
      await desk.alerts.raise(undefined, { kind: 'print_run_not_released', detail: { run: run.id } })
    if (today <= lastDay) continue
    if (!(await cancelRun(desk, run.id, { actor: 'system', reason: 'posting_day_passed' }))) continue
    await desk.alerts.raise(undefined, { kind: 'print_run_slipped', detail: { run: run.id, state: run.state } })
    done++
  }
  return done
}
