import { setTimeout as wait } from 'node:timers/promises'
import type { Middleware } from 'koa'
import type { Logger } from 'pino'
import type { PasswordHasher } from '../crypto/password-hasher.ts'
import { StartUpError } from '../errors.ts'
import type { ShiftableClock } from '../gateways/clock.ts'
import type { LetterService } from '../services/letters/letters.ts'
import type { PrintRunService } from '../services/letters/print-runs.ts'
import type { JobRunner } from '../services/operation/job-runner.ts'
import type { Job } from '../services/operation/jobs.ts'
import { type MemberImport, readInsuranceNumbers } from '../services/register/member-import.ts'
import type { Stores } from '../stores/index.ts'
import type { PostboxStore } from '../stores/messages/development-postbox.ts'
import type { MessageKind } from '../stores/messages/messages.ts'
import type { Transaction } from '../stores/transaction.ts'
import { createAutomaticPrint } from './automatic-print.ts'
import { followClock } from './follow-clock.ts'
import { createDevelopmentRoutes } from './routes.ts'
import { seedDemo } from './seed.ts'

type Settings = {
  sandbox: boolean
  /** Whether other processes move the clock, too. */
  severalProcesses: boolean
  /** Members of the demo, as a core system would give them. */
  memberFile: string
  termsVersion: string
  clock: ShiftableClock
  log: Logger
  stores: Stores
  transaction: Transaction
  hasher: PasswordHasher
  letters: LetterService
  printRuns: PrintRunService
  memberImport: MemberImport
  postbox: PostboxStore
  jobs: readonly Job[]
  runner: JobRunner
  forgetLimits(): Promise<unknown>
  /** Looks into the outbox. */
  wake(): void
}

/** How often the development print run looks for letters, in milliseconds (contract.md: within 5 seconds). */
const printInterval = 1500

/** Starts what only development has: demo data, postbox, clock and the automatic print run. */
export async function startDevelopment(settings: Settings): Promise<{ routes: Middleware; close(): Promise<void> }> {
  const { clock, stores, sandbox, memberFile, memberImport, log, jobs, runner } = settings
  if (sandbox) await refuseRealPersons(stores, memberFile)
  await seedDemo({
    ...settings,
    importMembers: async () =>
      void (await memberImport.importFile(memberFile, { now: clock.now(), actor: 'system', beside: true })),
  })
  const print = createAutomaticPrint(settings)
  const timer = setInterval(() => print().catch((err) => log.error({ err }, 'print run failed')), printInterval)
  const runWith = async (due: readonly Job[]) => {
    await print()
    await runAll(due, runner)
    await arrive(settings, ['sms', 'email', 'backchannel_logout'])
  }
  const stopFollowing = settings.severalProcesses ? followClock(stores.settings, clock) : () => {}
  return {
    routes: createDevelopmentRoutes({
      ...settings,
      arrive: () => arrive(settings, ['sms', 'email']),
      runDue: () => runWith(jobs),
      runDay: () => runWith(jobs.filter(({ byDay }) => byDay)),
      saveOffset: async (offset) => void (await stores.settings.set('clock_offset', String(offset))),
    }),
    async close() {
      clearInterval(timer)
      stopFollowing()
      await print().catch(() => {})
    },
  }
}

/** Waits until no message of these kinds is on its way any more, at most ten seconds. */
async function arrive({ stores, wake }: Settings, kinds: readonly MessageKind[]): Promise<void> {
  const end = performance.now() + 10_000
  while (performance.now() < end && (await stores.messages.isAnyDue(kinds))) {
    wake()
    await wait(20)
  }
}

/** Runs every job once, for the moved clock; one that is under way is waited for and run again. */
async function runAll(jobs: readonly Job[], runner: JobRunner): Promise<void> {
  for (const job of jobs)
    for (let turn = 0; turn < 300 && (await runner.run(job)).outcome === 'busy'; turn++) await wait(100)
}

/** A sandbox shows its post to the network: its register holds demo persons only (security.md, "Development mode"). */
async function refuseRealPersons(stores: Stores, file: string): Promise<void> {
  const others = await stores.insuredPersons.countOthers(await readInsuranceNumbers(file))
  if (others > 0)
    throw new StartUpError(
      `The register holds persons who are no demo persons (${others}). Unset SANDBOX, or use another database.`,
    )
}
