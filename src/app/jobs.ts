import { setTimeout as wait } from 'node:timers/promises'
import type { Clock } from '../gateways/clock.ts'
import { createJobRunner, type JobLog, type JobRunner } from '../services/job-runner.ts'
import type { Job } from '../services/jobs.ts'
import type { Services } from './services.ts'

/** Milliseconds: most of a minute at little load, a page of 200 rows and a rest. */
const rewritePace = { budget: 45_000, pause: 50 }

/** Lists every job of the product; a new one is one entry here and one line in docs/operate/jobs.md. */
export function createJobs(services: Services): Job[] {
  const { checkCoverage, dataEnds, deadlineTasks, deliveries, deleteExpiredArtefacts, keyRewrites } = services
  const { signingKeys, smsReceipts, statistics, stores } = services
  // No job starts between two and three at night: in spring that hour does not exist, in autumn it comes twice.
  return [
    { name: 'activation-reminders', cron: '0 8 * * *', run: deadlineTasks.remindOfActivation },
    { name: 'code-reminders', cron: '10 8 * * *', run: deadlineTasks.remindOfUnlockCode },
    { name: 'not-activated', cron: '5 0 * * *', run: deadlineTasks.deleteNotActivated },
    { name: 'never-signed-in', cron: '15 0 * * *', run: deadlineTasks.deleteNeverSignedIn },
    { name: 'expired-messages', cron: '* * * * *', run: deliveries.expireOverdue },
    { name: 'coverage', cron: '25 0 * * *', run: checkCoverage },
    { name: 'ended-accounts', cron: '30 0 * * *', run: dataEnds.deleteEndedAccounts },
    { name: 'ended-persons', cron: '35 0 * * *', timeout: 3600, run: dataEnds.deleteEndedPersons },
    { name: 'daily-statistics', cron: '40 0 * * *', run: statistics.count },
    { name: 'clean-up', cron: '*/5 * * * *', run: deadlineTasks.forgetEnded },
    { name: 'oidc-clean-up', cron: '*/5 * * * *', run: deleteExpiredArtefacts },
    { name: 'sms-spending', cron: '*/5 * * * *', run: smsReceipts.watchSpending },
    { name: 'sms-receipts', cron: '20 * * * *', run: smsReceipts.forgetUnmatched },
    ...printJobs(services),
    { name: 'import-clean-up', cron: '*/5 * * * *', run: stores.memberImports.forgetDead },
    { name: 'audit-seal', cron: '* * * * *', run: services.sealAudit },
    { name: 'audit-retention', cron: '35 3 * * *', timeout: 3600, run: services.emptyOldAuditEvents },
    { name: 'signing-keys', cron: '*/10 * * * *', run: signingKeys.step },
    {
      name: 'key-rewrite',
      cron: '* * * * *',
      run: async (signal) => (await keyRewrites.run({ ...rewritePace, signal })).rows,
    },
  ]
}

/** The print desk by itself; `prepareDue` only where the schedule prepares. */
function printJobs({ printRuns, printSchedule, returnedMail, canaryLetters }: Services): Job[] {
  const { prepareDue, resume, handOver, settle } = printRuns.jobs
  const always = [
    { name: 'print-resume', cron: '* * * * *', timeout: 3600, run: resume },
    { name: 'print-hand-over', cron: '* * * * *', timeout: 3600, run: handOver },
    { name: 'print-settle', cron: '* * * * *', run: settle },
    { name: 'returned-mail', cron: '50 4 * * *', run: returnedMail.review },
    { name: 'canary-letters', cron: '0 9 * * *', run: canaryLetters.watch },
  ]
  return printSchedule
    ? [{ name: 'print-prepare', cron: '* * * * *', timeout: 3600, run: prepareDue }, ...always]
    : always
}

/** Wires the runner of jobs, for the schedule, the command line and development. */
export function createRunner({ stores, alerts }: Services, clock: Clock, log: JobLog) {
  return createJobRunner({
    runs: stores.jobRuns,
    clock,
    log,
    alert: (job, failures) => alerts.raise(undefined, { kind: 'job_failing', detail: { job, failures } }),
  })
}

/** Whether a job has its hour of the day: it tells, decides or deletes by the day, and does not only tidy up behind others. */
export const isDaily = ({ cron }: Job): boolean => /^\d+ \d+ /.test(cron)

/** Runs every job once, for the moved clock of development; one that is under way is waited for and run again. */
export async function runAllJobs(jobs: readonly Job[], runner: JobRunner): Promise<void> {
  for (const job of jobs)
    for (let turn = 0; turn < 300 && (await runner.run(job)).outcome === 'busy'; turn++) await wait(100)
}
