import { createHash, randomUUID } from 'node:crypto'
import { addDays, berlinDay, type CalendarDay } from '../domain/calendar.ts'
import { type Deadlines, unlockCodeLastDay } from '../domain/deadlines.ts'
import type { Clock } from '../gateways/clock.ts'
import type { KeyedHash } from '../gateways/field-encryption.ts'
import type { LetterDelivery, PrintedLetter, PrintFile } from '../gateways/letter-delivery.ts'
import { type LetterContent, UnprintableLetter } from '../gateways/letter-pdf.ts'
import type { Random } from '../gateways/random.ts'
import type { Stores } from '../stores/index.ts'
import type { PrintRun } from '../stores/print-runs.ts'
import type { Transaction, UnitOfWork } from '../stores/transaction.ts'
import type { UnlockLetter } from '../stores/unlock-letters.ts'
import { fillLetter, letterContents } from './letter-contents.ts'
import type { LetterService } from './letters.ts'
import type { RegistrationMailService } from './registration-mails.ts'

type Settings = {
  stores: Stores
  transaction: Transaction
  clock: Clock
  random: Random
  hash: KeyedHash
  deadlines: Deadlines
  minimumAge: number
  issuer: string
  mails: RegistrationMailService
  letters: LetterService
  renderPdf(letters: LetterContent[]): Promise<Uint8Array>
  delivery: LetterDelivery
  /** Tells operators that a letter stays out of its run. */
  reportUnprintable(letterId: string, error: Error): void
}

/** Letters of one run; more wait for the next. */
const runSize = 500

export type PrintRunService = ReturnType<typeof createPrintRunService>

/** Creates the print runs (Druckauftrag): `prepared → released → posted`, or `cancelled` when the posting day slips. */
export function createPrintRunService(settings: Settings) {
  const { stores, transaction, clock } = settings
  const service = {
    /** Puts the letters that may be printed now into a run for `postingDay`; `null` when none waits. */
    async prepare(postingDay: CalendarDay): Promise<string | null> {
      const now = clock.now()
      if (!(await stores.unlockLetters.anyPrintable(now))) return null
      const runId = randomUUID()
      const count = await transaction(async (unit) => {
        const claimed = await unit.unlockLetters.claimForRun(
          await createRun(unit, runId, postingDay, now),
          now,
          runSize,
        )
        let count = 0
        const newestFirst = claimed.sort((a, b) => b.requestedAt.getTime() - a.requestedAt.getTime())
        for (const letter of newestFirst) if (await fillLetter(settings, unit, letter, postingDay)) count++
        if (count === 0) await unit.printRuns.cancel(runId, now)
        else await unit.audit.printRunPrepared({ at: now, runId, count, postingDay })
        return count
      })
      if (count === 0) return null
      await service.print(runId)
      return runId
    },
    /** Makes the run's PDF; also for a run whose process died before it was made. */
    async print(runId: string): Promise<void> {
      const { pdf, count } = await drawRun(settings, await letterContents(settings, runId))
      await stores.printRuns.setPrint(runId, pdf, count)
    },
    /** Hands the letters to the print shop; again for a run that was released when the shop could not be reached. */
    async release(runId: string): Promise<boolean> {
      const now = clock.now()
      const found = await stores.printRuns.find(runId)
      if (found?.state !== 'prepared' && found?.state !== 'released') return false
      if (found.state === 'prepared') {
        if (!found.pdf) await service.print(runId)
        const count = (await stores.printRuns.find(runId))?.letterCount ?? 0
        const released = await transaction(async (unit) => {
          if (!(await unit.printRuns.release(runId, now))) return false
          await unit.audit.printRunReleased({ at: now, runId, count })
          return true
        })
        if (!released) return false
      }
      await handOver(settings, runId)
      await stores.printRuns.markHandedOver(runId, now)
      return true
    },
    /**
     * The letters are in the post: the 30 days begin, plain codes and PDF are destroyed, everybody of the run is told.
     * Before the planned day it is refused; when that day has passed, the run is cancelled and its letters wait for the next.
     */
    async post(runId: string): Promise<'posted' | 'too_early' | 'slipped' | 'refused'> {
      const now = clock.now()
      const run = await stores.printRuns.find(runId)
      if (run?.state !== 'released') return 'refused'
      if (run.postingDay > berlinDay(now)) return 'too_early'
      if (run.postingDay < berlinDay(now)) {
        await service.cancel(runId, 'posting_day_passed')
        return 'slipped'
      }
      if (!(await transaction((unit) => markPosted(settings, unit, run, now)))) return 'refused'
      await settings.delivery.withdraw(runId, 'posted')
      return 'posted'
    },
    /** Calls a run back: codes and PDF are destroyed, its letters are prepared anew. */
    async cancel(runId: string, reason: string): Promise<boolean> {
      const now = clock.now()
      const cancelled = await transaction(async (unit) => {
        if (!(await unit.printRuns.cancel(runId, now))) return false
        const count = await unit.unlockLetters.returnFromRun(runId)
        await unit.audit.printRunCancelled({ at: now, runId, count, reason })
        return true
      })
      if (cancelled) await settings.delivery.withdraw(runId, 'cancelled')
      return cancelled
    },
    list: stores.printRuns.list,
  }
  return service
}

async function createRun(unit: UnitOfWork, runId: string, postingDay: CalendarDay, now: Date): Promise<string> {
  await unit.printRuns.create(runId, postingDay, now)
  return runId
}

type Print = { pdf: Uint8Array | null; count: number }

/** Draws the run; a letter that cannot be printed is set aside, so that it never holds up the others. */
async function drawRun(settings: Settings, contents: LetterContent[]): Promise<Print> {
  if (contents.length === 0) return { pdf: null, count: 0 }
  try {
    return { pdf: await settings.renderPdf(contents), count: contents.length }
  } catch (error) {
    if (!(error instanceof UnprintableLetter)) throw error
    await settings.stores.unlockLetters.setAside(error.letterId)
    settings.reportUnprintable(error.letterId, error)
    return await drawRun(
      settings,
      contents.filter((content) => content.id !== error.letterId),
    )
  }
}

async function handOver(settings: Settings, runId: string): Promise<void> {
  const run = await settings.stores.printRuns.find(runId)
  if (!run?.pdf || !run.postingDay) return
  const { pdf, postingDay } = run
  const contents = await letterContents(settings, runId)
  const sha256 = createHash('sha256').update(pdf).digest('hex')
  const letters = contents.map(({ id, kind }) => ({ id, kind }))
  const manifest = { runId, postingDay, count: letters.length, sha256, letters }
  const files = [
    printFile(`${runId}.pdf`, pdf),
    printFile(`${runId}.json`, Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`)),
  ]
  await settings.delivery.deliver({ runId, postingDay, files, letters: () => printedLetters(settings, contents) })
}

function printFile(name: string, content: Uint8Array): PrintFile {
  return {
    name,
    bytes: content.length,
    sha256: createHash('sha256').update(content).digest('hex'),
    async *open() {
      yield content
    },
  }
}

async function* printedLetters({ stores }: Settings, contents: LetterContent[]): AsyncIterable<PrintedLetter> {
  for (const content of contents) {
    const letter = await stores.unlockLetters.find(content.id)
    const account = letter?.accountId ? await stores.accounts.find(letter.accountId) : null
    yield { content, insuranceNumber: account?.insuranceNumber ?? '' }
  }
}

async function markPosted(settings: Settings, unit: UnitOfWork, run: PrintRun, now: Date): Promise<boolean> {
  if (!(await unit.printRuns.post(run.id, now))) return false
  const lastDay = unlockCodeLastDay(run.postingDay, settings.deadlines)
  const letters = await unit.unlockLetters.findByRun(run.id)
  await unit.unlockLetters.markRunPosted(run.id, run.postingDay, lastDay)
  for (const letter of letters) await tellPosted(settings, unit, letter, run, lastDay, now)
  await unit.audit.printRunPosted({ at: now, runId: run.id, count: run.letterCount })
  return true
}

async function tellPosted(
  settings: Settings,
  unit: UnitOfWork,
  letter: UnlockLetter,
  run: PrintRun,
  lastDay: CalendarDay,
  now: Date,
): Promise<void> {
  const account = letter.accountId ? await unit.accounts.find(letter.accountId) : null
  if (!account || !(await unit.accounts.markLetterPosted(account.id, lastDay, now))) return
  const askAfter = addDays(run.postingDay, 10)
  await settings.mails.send(unit, account, 'letterPosted', { postedOn: run.postingDay, lastDay, askAfter }, now)
  await unit.audit.letterPosted({ at: now, accountId: account.id, runId: run.id, purpose: 'unlock_code' })
  if (letter.content !== 'account_exists') return
  const existing = await unit.accounts.findActiveByNumber(account.insuranceNumber)
  if (!existing) return
  const day = berlinDay(account.registeredAt)
  await settings.mails.send(unit, existing, 'registrationAttempt', { day }, now)
  await unit.audit.registrationAttemptOnExistingAccount({ at: now, accountId: existing.id })
}
