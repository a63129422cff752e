import { randomUUID } from 'node:crypto'
import type { PrintedEnvelope } from '../../../gateways/letters/letter-delivery.ts'
import type { PrintRun } from '../../../stores/letters/print-runs.ts'
import { printedEnvelopes } from './envelopes.ts'
import { printFilesOf } from './files.ts'
import { leaseFrom, type PrintActor, type PrintDesk } from './settings.ts'

export type ReleaseOutcome = 'released' | 'same_person' | 'same_account' | 'refused'

/** The name behind an actor: the same person may not come by two ways in. */
const personOf = (actor: string): string => actor.slice(actor.indexOf(':') + 1).split(' ', 1)[0] ?? ''

/** By what the person is known: account of the operating system, or token; a name alone anybody can give. */
const identityOf = (actor: string): string | null => /\((.+)\)$/.exec(actor)?.[1] ?? null

/**
 * Lets a prepared run go to the print shop; the hand-over follows. Who prepared it by hand may not: under the same
 * name (`same_person`), or with the same account or token under whatever name (`same_account`).
 */
export async function releaseRun(desk: PrintDesk, runId: string, actor: PrintActor): Promise<ReleaseOutcome> {
  const now = desk.clock.now()
  if (desk.fourEyes && actor === 'system') return 'same_person'
  const person = actor === 'system' ? null : personOf(actor)
  const identity = identityOf(actor)
  const run = await desk.stores.printRuns.find(runId)
  if (!run) return 'refused'
  const released = await desk.transaction(async (unit) => {
    if (!(await unit.printRuns.release(runId, { by: actor, person, identity, now }))) return false
    await unit.audit.printRunReleased({ at: now, actor, runId, count: run.letterCount })
    return true
  })
  if (released) return 'released'
  if (run.state !== 'prepared' || run.files === null || run.preparedBy === null || person === null) return 'refused'
  if (personOf(run.preparedBy) === person) return 'same_person'
  return identity !== null && identityOf(run.preparedBy) === identity ? 'same_account' : 'refused'
}

/**
 * Hands a released run to the print shop; `busy` while another process does. A run without letters has nothing to hand over.
 * @throws the fault of the delivery; the run stays released and is tried again after a while.
 */
export async function handOverRun(desk: PrintDesk, runId: string): Promise<'handed_over' | 'busy'> {
  const { stores, clock } = desk
  const now = clock.now()
  const holder = randomUUID()
  if (!(await stores.printHandOvers.take(runId, holder, { now, until: leaseFrom(now) }))) return 'busy'
  const run = await stores.printRuns.find(runId)
  if (!run?.postingDay) return 'busy'
  try {
    await deliver(desk, run, run.postingDay, holder)
  } catch (error) {
    if (!(await stores.printHandOvers.failed(runId, holder, nextTry(now, run.deliverAttempts))))
      return await withdrawIfEnded(desk, runId, holder)
    desk.reportNotHandedOver(runId, error as Error)
    if (run.deliverAttempts + 1 >= desk.rules.deliveryAlertAfter)
      await desk.alerts.raise(undefined, {
        kind: 'print_run_not_handed_over',
        detail: { run: runId, ...failure(error) },
      })
    throw error
  }
  if (await stores.printHandOvers.succeeded(runId, holder, clock.now())) return 'handed_over'
  return await withdrawIfEnded(desk, runId, holder)
}

/** Called back, or ended by another process, while it was under way: what has just arrived there has to go as well. */
async function withdrawIfEnded(desk: PrintDesk, runId: string, holder: string): Promise<'busy'> {
  const run = await desk.stores.printRuns.find(runId)
  if (run?.state === 'posted' || run?.state === 'cancelled') await withdraw(desk, run, run.state)
  await desk.stores.printHandOvers.free(runId, holder)
  return 'busy'
}

async function deliver(desk: PrintDesk, run: PrintRun, postingDay: string, holder: string): Promise<void> {
  const files = printFilesOf(desk.stores, run)
  if (files.length === 0) return
  const renewed = files.map((file) => ({ ...file, open: () => renewing(desk, run.id, holder, file.open()) }))
  await desk.delivery.deliver({
    runId: run.id,
    postingDay,
    files: renewed,
    envelopes: () => oneByOne(printedEnvelopes(desk, run.id, postingDay)),
  })
}

/** A slow way keeps its run: the lease is renewed with the bytes that go. One that has lost it brings nothing more. */
async function* renewing(
  { stores, clock }: PrintDesk,
  runId: string,
  holder: string,
  chunks: AsyncIterable<Uint8Array>,
) {
  for await (const chunk of chunks) {
    if (!(await stores.printHandOvers.renew(runId, holder, leaseFrom(clock.now()))))
      throw new Error('the run was called back, or taken up by another process')
    yield chunk
  }
}

async function* oneByOne(batches: AsyncIterable<PrintedEnvelope[]>): AsyncIterable<PrintedEnvelope> {
  for await (const envelopes of batches) yield* envelopes
}

/** After 1, 2, 4 … minutes, at most 15 apart. */
function nextTry(now: Date, attempts: number): Date {
  return new Date(now.getTime() + Math.min(2 ** attempts, 15) * 60_000)
}

/** Servers quote names and paths in their answers: only the code is kept. */
export function failure(error: unknown): { fault: string } {
  const { code, name } = error as { code?: string; name?: string }
  return { fault: [name, code].filter(Boolean).join(' ') }
}

/**
 * Destroys what lies at the print shop of runs that are posted or called back; answers how many. A fault is noted at its run, told
 * to operators and tried again later; it holds up no other run.
 */
export async function withdrawEnded(desk: PrintDesk): Promise<number> {
  const { printHandOvers } = desk.stores
  let done = 0
  for (const run of await printHandOvers.toWithdraw(desk.clock.now())) {
    if (!run.withdrawal || !(await withdraw(desk, run, run.withdrawal))) continue
    if (!(await printHandOvers.withdrawn(run.id, desk.clock.now()))) await printHandOvers.withdrawnForNow(run.id)
    done++
  }
  return done
}

async function withdraw(desk: PrintDesk, run: PrintRun, why: 'posted' | 'cancelled'): Promise<boolean> {
  try {
    await desk.delivery.withdraw(run.id, why)
    return true
  } catch (error) {
    const { fault } = failure(error)
    const { id, withdrawAttempts } = run
    await desk.stores.printHandOvers.withdrawalFailed(id, fault, nextTry(desk.clock.now(), withdrawAttempts))
    // What must not be posted cannot wait; what lies there after the posting can.
    if (why === 'cancelled' || withdrawAttempts + 1 >= desk.rules.deliveryAlertAfter)
      await desk.alerts.raise(undefined, { kind: 'print_run_not_withdrawn', detail: { run: id, state: why, fault } })
    return false
  }
}
