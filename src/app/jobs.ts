import type { Job } from '../jobs/schedule.ts'
import type { Oidc } from './oidc.ts'
import type { Services } from './services.ts'

type Parts = { services: Services; oidc: Pick<Oidc, 'deleteExpired'> }

/** Lists every job of the product; a new one is one entry here and one line in docs/operate/jobs.md. */
export function createJobs({ services, oidc }: Parts): Job[] {
  const { deadlineTasks, stores } = services
  // No job starts between two and three at night: in spring that hour does not exist, in autumn it comes twice.
  return [
    { name: 'activation-reminders', cron: '0 8 * * *', run: deadlineTasks.remindOfActivation },
    { name: 'code-reminders', cron: '10 8 * * *', run: deadlineTasks.remindOfUnlockCode },
    { name: 'not-activated', cron: '5 0 * * *', run: deadlineTasks.deleteNotActivated },
    { name: 'never-signed-in', cron: '15 0 * * *', run: deadlineTasks.deleteNeverSignedIn },
    { name: 'clean-up', cron: '*/5 * * * *', run: deadlineTasks.forgetEnded },
    { name: 'oidc-clean-up', cron: '*/5 * * * *', run: oidc.deleteExpired },
    { name: 'audit-seal', cron: '* * * * *', run: () => stores.auditEvents.seal(10_000) },
  ]
}
