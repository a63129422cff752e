import { randomUUID } from 'node:crypto'
import { berlinDay, type CalendarDay } from '../../../domain/calendar.ts'
import { nextCutOff, planPostingDay } from '../../../domain/letters/posting-days.ts'
import type { Envelope, PrintedSheets } from '../../../gateways/letters/letter-pdf.ts'
import type { StoredPrintFile } from '../../../stores/letters/print-runs.ts'
import type { UnitOfWork } from '../../../stores/transaction.ts'
import { canaryContent } from '../canary-letters.ts'
import { fillLetters, lockNumbersOf } from '../letter-contents.ts'
import { keepCurrent } from './current-letters.ts'
import { type Held, printedEnvelopes } from './envelopes.ts'
import { countSheets, manifestCsv, manifestJson, openPrintFile } from './files.ts'
import { batchSize, leaseFrom, type PrintActor, type PrintDesk } from './settings.ts'

/** Opens the run that collects letters until the next cut-off, if none does. */
export async function openCollecting({ transaction, clock, rules }: PrintDesk): Promise<boolean> {
  const now = clock.now()
  const runId = randomUUID()
  const collectsUntil = nextCutOff(now, rules)
  return await transaction(async (unit) => {
    if (!(await unit.printRuns.open(runId, collectsUntil))) return false
    await unit.audit.printRunOpened({ at: now, runId, collectsUntil: collectsUntil.toISOString() })
    return true
  })
}

/**
 * Closes the collecting run at its cut-off, when that has passed; it keeps the letters asked for until then, however late it is
 * closed. Nothing waits: it goes on to the next cut-off. Answers the run to be prepared.
 */
export async function closeAtCutOff({ stores, transaction, clock, rules }: PrintDesk): Promise<string | null> {
  const now = clock.now()
  const run = await stores.printRuns.findCollecting()
  if (!run?.collectsUntil || run.collectsUntil > now) return null
  const { id: runId, collectsUntil } = run
  if ((await stores.runLetters.countPrintable(collectsUntil)) === 0) {
    await stores.printRuns.defer(runId, collectsUntil, nextCutOff(now, rules))
    return null
  }
  const postingDay = planPostingDay(berlinDay(now), rules)
  const closing = { postingDay, by: 'system', now }
  return await transaction(async (unit) => {
    if (!(await unit.printRuns.close(runId, collectsUntil, closing))) return null
    await unit.audit.printRunClosed({ at: now, runId, postingDay })
    return runId
  })
}

/** Makes a run beside the collecting one for what waits until `until`; `null` when nothing does. */
export async function createRun(
  { stores, transaction, clock }: PrintDesk,
  { postingDay, until, actor }: { postingDay: CalendarDay; until: Date; actor: PrintActor },
): Promise<string | null> {
  const now = clock.now()
  if ((await stores.runLetters.countPrintable(until)) === 0) return null
  const runId = randomUUID()
  await transaction(async (unit) => {
    await unit.printRuns.createClosed(runId, until, { postingDay, by: actor, now })
    await unit.audit.printRunClosed({ at: now, actor, runId, postingDay })
  })
  return runId
}

/**
 * Takes a closed run from where it stands to `prepared`: register asked, codes made, files drawn. May be called again after
 * any fault: letters that have their codes keep them, files are drawn anew. `busy`: another process is at it. `empty`: no
 * letter was left for it, and it is cancelled.
 */
export async function prepareRun(
  desk: PrintDesk,
  runId: string,
  actor: PrintActor,
): Promise<'prepared' | 'busy' | 'empty'> {
  const { stores, clock } = desk
  const worker = randomUUID()
  const now = clock.now()
  if (!(await stores.printRuns.take(runId, worker, { now, until: leaseFrom(now) }))) return 'busy'
  const run = await stores.printRuns.find(runId)
  if (!run?.postingDay || !run.collectsUntil) return 'busy'
  const { postingDay, collectsUntil } = run
  try {
    // What an earlier worker drew is worth nothing without its end.
    await stores.printFiles.destroy(runId, worker)
    const filled = await fillRun(desk, { runId, worker, postingDay, collectsUntil })
    if (filled === 'empty') return 'empty'
    const print = filled === 'filled' ? await drawFiles(desk, { runId, worker, postingDay }) : null
    if (print && (await finish(desk, { runId, worker, postingDay, collectsUntil, actor }, print))) return 'prepared'
    await stores.printFiles.discard(runId, worker)
    return 'busy'
  } catch (error) {
    await stores.printRuns.free(runId, worker)
    throw error
  }
}

type Work = { runId: string; worker: string; postingDay: CalendarDay }
type Closed = Work & { collectsUntil: Date }

/** `empty`: no letter was left, and the run is cancelled. `lost`: another worker has it, or it was called back. */
type Filled = 'filled' | 'empty' | 'lost'

/** Fills the run batch by batch, each in a transaction of its own. */
async function fillRun(desk: PrintDesk, work: Closed): Promise<Filled> {
  const passed: string[] = []
  for (;;) {
    const outcome = await desk.transaction((unit) => fillBatch(desk, unit, work, passed))
    if (typeof outcome === 'string') return outcome
    passed.push(...outcome.passed)
    await desk.stores.printRuns.renew(work.runId, work.worker, leaseFrom(desk.clock.now()))
  }
}

/**
 * Takes the next letters into the run, or ends the filling when there is none or no room. Answers which ones others had taken
 * before they could be claimed: `passed` ones are not tried again, so that the filling ends.
 */
async function fillBatch(
  desk: PrintDesk,
  unit: UnitOfWork,
  { runId, worker, postingDay, collectsUntil }: Closed,
  passed: readonly string[],
): Promise<Filled | { passed: string[] }> {
  if (!(await unit.printRuns.holdForWork(runId, worker))) return 'lost'
  const inRun = await unit.runLetters.countInRun(runId)
  const limit = Math.max(0, Math.min(batchSize, desk.rules.runSize - inRun))
  const candidates = await unit.runLetters.findPrintable(collectsUntil, limit, passed)
  if (candidates.length === 0) return inRun > 0 ? 'filled' : await cancelEmpty(desk, unit, runId)
  const numbers = await lockNumbersOf(unit, candidates)
  const ids = candidates.map(({ id }) => id)
  const letters = await unit.runLetters.claim(runId, collectsUntil, ids, numbers)
  await fillLetters(desk, unit, letters, { runId, postingDay })
  const claimed = new Set(letters.map(({ id }) => id))
  return { passed: ids.filter((id) => !claimed.has(id)) }
}

/** Cancels a run that the transaction holds and that no letter is in. */
async function cancelEmpty({ clock }: PrintDesk, unit: UnitOfWork, runId: string): Promise<'empty'> {
  const now = clock.now()
  if (await unit.printRuns.cancel(runId, { by: 'system', reason: 'no_letters', now }))
    await unit.audit.printRunCancelled({ at: now, runId, count: 0, reason: 'no_letters' })
  return 'empty'
}

type Print = { files: StoredPrintFile[]; letterCount: number; sheetCount: number; kinds: Record<string, number> }

/** Draws PDF and manifests into chunks; `null` when the run was lost to another worker or called back. */
async function drawFiles(desk: PrintDesk, work: Work): Promise<Print | null> {
  const { stores, clock } = desk
  const { runId, worker, postingDay } = work
  const keep = (held: Held[]) => keepCurrent(desk, held, postingDay)
  const open = (suffix: string) => openPrintFile(stores, { runId, worker, name: `${runId}.${suffix}` })
  const pdf = open('pdf')
  const sheets: PrintedSheets[] = []
  let lost = false
  let printed = 0
  async function* contents(): AsyncIterable<Envelope[]> {
    for await (const envelopes of printedEnvelopes(desk, runId, postingDay, keep)) {
      lost ||= !(await stores.printRuns.renew(runId, worker, leaseFrom(clock.now())))
      if (lost) return
      printed += envelopes.length
      yield envelopes
    }
    // A run with nothing to print needs no print shop, and so no letter that watches it.
    if (printed === 0) return
    const canary = await desk.transaction(async (unit) => {
      // Who calls the run back waits for this change, and deletes the letter with it.
      lost = !(await unit.printRuns.renew(runId, worker, leaseFrom(clock.now())))
      return lost ? null : await canaryContent(desk, unit, runId, postingDay)
    })
    if (canary) yield [{ id: canary.id, letters: [canary] }]
  }
  await desk.drawRun(contents(), {
    write: pdf.write,
    onLetter: (letter) => void sheets.push(letter),
    async onUnprintable(fault) {
      await stores.runLetters.setAside(fault.letterId)
      desk.reportUnprintable(fault.letterId, fault)
    },
  })
  if (lost) return null
  const counts = countSheets(sheets)
  const result = { letterCount: counts.letters, sheetCount: counts.sheets, kinds: counts.kinds }
  if (counts.letters === 0) return { files: [], ...result }
  const files = [await pdf.close()]
  const manifest = { runId, postingDay, pdf: files[0] as StoredPrintFile, counts }
  // The JSON comes last: whoever sees it has all.
  for (const [suffix, text] of [
    ['csv', manifestCsv(sheets)],
    ['json', manifestJson(manifest, sheets)],
  ] as const) {
    const file = open(suffix)
    await file.write(Buffer.from(text))
    files.push(await file.close())
  }
  return { files, ...result }
}

function finish(desk: PrintDesk, work: Closed & { actor: PrintActor }, print: Print): Promise<boolean> {
  const { runId, worker, postingDay, actor } = work
  const now = desk.clock.now()
  return desk.transaction(async (unit) => {
    if (!(await unit.printRuns.prepared(runId, worker, print, now))) return false
    await unit.audit.printRunPrepared({ at: now, actor, runId, count: print.letterCount, postingDay })
    if (actor === 'system') await continueRun(desk, unit, work)
    return true
  })
}

/** A run that is full leaves the rest of its cut-off to a further one, within the same change: nobody can die in between. */
async function continueRun({ clock, rules }: PrintDesk, unit: UnitOfWork, work: Closed): Promise<void> {
  const { postingDay, collectsUntil } = work
  if ((await unit.runLetters.countInRun(work.runId)) < rules.runSize) return
  if ((await unit.runLetters.countPrintable(collectsUntil)) === 0) return
  const now = clock.now()
  const runId = randomUUID()
  await unit.printRuns.createClosed(runId, collectsUntil, { postingDay, by: 'system', now })
  await unit.audit.printRunClosed({ at: now, runId, postingDay })
}
