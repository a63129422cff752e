import { addDays, berlinDay, type CalendarDay } from '../../../domain/calendar.ts'
import { unlockCodeLastDay } from '../../../domain/deadlines.ts'
import { receiptLastDay } from '../../../domain/letters/posting-days.ts'
import { formOf } from '../../../domain/letters/purposes.ts'
import type { Account } from '../../../stores/accounts/accounts.ts'
import type { Letter } from '../../../stores/letters/letters.ts'
import type { UnitOfWork } from '../../../stores/transaction.ts'
import { batchSize, type PrintActor, type PrintDesk } from './settings.ts'

export type PostOutcome = 'posted' | 'too_early' | 'slipped' | 'refused'

/**
 * The letters are in the post since `postedOn`: the 30 days begin, plain codes and files are destroyed, everybody of the run is
 * told. A day before the planned one waits for it (`too_early`). A later day, or one that is told later than the grace
 * allows, cancels the run: its dates would be wrong, and its letters wait for the next (mission.md, "Deadlines").
 */
export async function postRun(
  desk: PrintDesk,
  runId: string,
  { actor, postedOn }: { actor: PrintActor; postedOn: CalendarDay },
): Promise<PostOutcome> {
  const { stores, clock, rules, deadlines } = desk
  const now = clock.now()
  const today = berlinDay(now)
  const run = await stores.printRuns.find(runId)
  if (run?.state !== 'released' || !run.postingDay) return 'refused'
  const { postingDay } = run
  if (postingDay > today) return 'too_early'
  if (postedOn > postingDay || today > receiptLastDay(postingDay, rules)) {
    return (await cancelRun(desk, runId, { actor, reason: 'posting_day_passed' })) ? 'slipped' : 'refused'
  }
  const posted = await desk.transaction(async (unit) => {
    if (!(await unit.printRuns.post(runId, actor, now))) return false
    await unit.runLetters.markPosted(runId, postingDay, unlockCodeLastDay(postingDay, deadlines))
    await unit.canaryLetters.markPosted(runId, postingDay)
    await unit.printFiles.destroy(runId)
    await unit.audit.printRunPosted({ at: now, actor, runId, count: run.letterCount })
    return true
  })
  if (!posted) return 'refused'
  await tellPosted(desk, runId)
  return 'posted'
}

/** Tells the members of a posted run, batch by batch; what a process that died has not told is told by the next. */
export async function tellPosted(desk: PrintDesk, runId: string): Promise<number> {
  const run = await desk.stores.printRuns.find(runId)
  if (!run?.postingDay) return 0
  const { postingDay } = run
  let told = 0
  for (;;) {
    const count = await desk.transaction((unit) => tellBatch(desk, unit, runId, postingDay))
    told += count
    if (count === 0) return told
  }
}

async function tellBatch(desk: PrintDesk, unit: UnitOfWork, runId: string, postingDay: CalendarDay): Promise<number> {
  const now = desk.clock.now()
  const lastDay = unlockCodeLastDay(postingDay, desk.deadlines)
  const letters = await unit.runLetters.claimUntold(runId, batchSize)
  const opens = ({ purpose }: Letter) => desk.purposes[purpose].whenPosted === 'firstSignInOpens'
  const ids = letters.flatMap((letter) => (opens(letter) && letter.accountId) || [])
  const told = await unit.accounts.markLettersPosted(ids, lastDay, now, desk.reportUnreadable)
  const accounts = new Map(told.map((each) => [each.id, each]))
  const attempts = new Map<string, Account>()
  for (const letter of letters) {
    if (!opens(letter)) {
      await notePosted(unit, letter, runId, now)
      continue
    }
    const account = accounts.get(letter.accountId ?? '')
    if (!account) continue
    const params = { postedOn: postingDay, lastDay, askAfter: addDays(postingDay, 10) }
    await desk.mails.send(unit, account, 'letterPosted', params, now)
    await unit.audit.letterPosted({ at: now, accountId: account.id, runId, purpose: letter.purpose })
    if (formOf(desk.purposes, letter) === 'attempts') attempts.set(account.insuranceNumber, account)
  }
  // Once for a number, however many registrations of it were in the run: the mailbox is not to be filled either.
  for (const account of attempts.values()) await tellHolder(desk, unit, account, now)
  return letters.length
}

/** The letter tells by itself; only the audit log says when it was posted. */
async function notePosted(unit: UnitOfWork, letter: Letter, runId: string, now: Date): Promise<void> {
  const { accountId, content, purpose } = letter
  if (accountId && content !== 'none') await unit.audit.letterPosted({ at: now, accountId, runId, purpose })
}

/** The holder of the active account learns at its own address that somebody tried. */
async function tellHolder(desk: PrintDesk, unit: UnitOfWork, account: Account, now: Date): Promise<void> {
  const existing = await unit.accounts.findActiveByNumber(account.insuranceNumber)
  if (!existing) return
  await desk.mails.send(unit, existing, 'registrationAttempt', { day: berlinDay(account.registeredAt) }, now)
  await unit.audit.registrationAttemptOnExistingAccount({ at: now, accountId: existing.id })
}

/** Calls a run back: codes and files are destroyed, its letters are prepared anew. */
export function cancelRun(
  desk: PrintDesk,
  runId: string,
  { actor, reason }: { actor: PrintActor; reason: string },
): Promise<boolean> {
  const now = desk.clock.now()
  return desk.transaction(async (unit) => {
    if (!(await unit.printRuns.cancel(runId, { by: actor, reason, now }))) return false
    const count = await unit.runLetters.returnFromRun(runId)
    await unit.canaryLetters.deleteOfRun(runId)
    await unit.printFiles.destroy(runId)
    await unit.audit.printRunCancelled({ at: now, actor, runId, count, reason })
    return true
  })
}
