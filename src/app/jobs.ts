import type { Job } from '../services/operation/jobs.ts'
import type { Services } from './services.ts'

/** Milliseconds: most of a minute at little load, a page of 200 rows and a rest. */
const rewritePace = { budget: 45_000, pause: 50 }

/**
 * Lists every job of the product; a new one is one entry here and one line in docs/operate/jobs.md. A service that is dear is asked
 * for when its job runs.
 */
export function createJobs({ accounts, clients, keys, letters, messages, operation, staff, stores }: Services): Job[] {
  const { deadlineTasks, dataEnds, checkCoverage } = accounts
  const { smsReceipts } = messages
  const { statistics, audit, auditStream } = operation
  // No job starts between two and three at night: in spring that hour does not exist, in autumn it comes twice.
  return [
    { name: 'activation-reminders', cron: '0 8 * * *', byDay: true, run: deadlineTasks.remindOfActivation },
    { name: 'code-reminders', cron: '10 8 * * *', byDay: true, run: deadlineTasks.remindOfUnlockCode },
    { name: 'client-secret-reminders', cron: '15 8 * * *', byDay: true, run: clients.secrets.remind },
    { name: 'not-activated', cron: '5 0 * * *', byDay: true, run: deadlineTasks.deleteNotActivated },
    { name: 'never-signed-in', cron: '15 0 * * *', byDay: true, run: deadlineTasks.deleteNeverSignedIn },
    { name: 'expired-messages', cron: '* * * * *', run: () => messages.deliveries.expireOverdue() },
    { name: 'coverage', cron: '25 0 * * *', byDay: true, run: checkCoverage },
    { name: 'ended-accounts', cron: '30 0 * * *', run: dataEnds.deleteEndedAccounts },
    { name: 'ended-persons', cron: '35 0 * * *', timeout: 3600, run: dataEnds.deleteEndedPersons },
    { name: 'daily-statistics', cron: '40 0 * * *', run: statistics.count },
    { name: 'clean-up', cron: '*/5 * * * *', run: deadlineTasks.forgetEnded },
    { name: 'oidc-clean-up', cron: '*/5 * * * *', run: operation.deleteExpiredArtefacts },
    { name: 'sms-spending', cron: '*/5 * * * *', run: smsReceipts.watchSpending },
    { name: 'sms-receipts', cron: '20 * * * *', run: smsReceipts.forgetUnmatched },
    ...printJobs(letters),
    { name: 'import-clean-up', cron: '*/5 * * * *', run: stores.memberImports.forgetDead },
    { name: 'audit-seal', cron: '* * * * *', run: audit.seal },
    ...(auditStream.configured ? [{ name: 'audit-stream', cron: '* * * * *', run: auditStream.run }] : []),
    { name: 'audit-retention', cron: '35 3 * * *', timeout: 3600, run: operation.emptyOldAuditEvents },
    { name: 'api-clean-up', cron: '15 4 * * *', run: operation.apiIdempotency.deleteOld },
    { name: 'staff-clean-up', cron: '25 4 * * *', run: staff.signIn.forgetOld },
    { name: 'passkey-clean-up', cron: '*/5 * * * *', run: staff.passkeys.forgetChallenges },
    { name: 'signing-keys', cron: '*/10 * * * *', run: keys.signingKeys.step },
    {
      name: 'key-rewrite',
      cron: '* * * * *',
      run: async (signal) => (await keys.keyRewrites.run({ ...rewritePace, signal })).rows,
    },
  ]
}

/** The print desk by itself; `prepareDue` only where the schedule prepares. */
function printJobs(letters: Services['letters']): Job[] {
  const desk = (job: 'prepareDue' | 'resume' | 'handOver' | 'settle') => () => letters.printRuns.jobs[job]()
  const always = [
    { name: 'print-resume', cron: '* * * * *', timeout: 3600, run: desk('resume') },
    { name: 'print-hand-over', cron: '* * * * *', timeout: 3600, run: desk('handOver') },
    { name: 'print-settle', cron: '* * * * *', run: desk('settle') },
    { name: 'returned-mail', cron: '50 4 * * *', run: letters.returnedMail.review },
    { name: 'canary-letters', cron: '0 9 * * *', run: letters.canaryLetters.watch },
  ]
  return letters.printSchedule
    ? [{ name: 'print-prepare', cron: '* * * * *', timeout: 3600, run: desk('prepareDue') }, ...always]
    : always
}
