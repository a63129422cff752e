import type { PgBoss } from 'pg-boss'
import type { Logger } from 'pino'

/** Work that comes round by itself. */
export type Job = {
  /** Names it in log, queue and command line: `activation-reminders`. */
  name: string
  /** When it runs: five fields of cron, in Europe/Berlin. */
  cron: string
  /**
   * Does what is due, in batches that are committed one by one, and answers how many rows it dealt with. It may run
   * twice, in parallel, and after a run that died half-way.
   */
  run(): Promise<number>
}

type Settings = { jobs: readonly Job[]; log: Logger }

const queue = 'jobs'
const timeZone = 'Europe/Berlin'

/** The queue of earlier versions, in which one tick a minute ran everything. */
const minuteTick = 'deadlines'

/** Enters one schedule per job and works them off; a job waits or runs once in the whole cluster. */
export async function startSchedule(boss: PgBoss, { jobs, log }: Settings): Promise<void> {
  await boss.createQueue(queue, { policy: 'exclusive', retryLimit: 0 })
  const byName = new Map(jobs.map((job) => [job.name, job]))
  const options = { pollingIntervalSeconds: 10, localConcurrency: 2 }
  await boss.work<{ job: string }>(queue, options, async ([given]) => {
    const job = byName.get(given?.data.job ?? '')
    if (job) await runJob(job, log)
  })
  for (const { name, cron } of jobs)
    await boss.schedule(queue, cron, { job: name }, { tz: timeZone, key: name, singletonKey: name })
  await boss.unschedule(minuteTick)
}

/** Runs a job now; its fault is logged and stops nothing else. */
export async function runJob({ name, run }: Job, log: Logger): Promise<void> {
  try {
    const rows = await run()
    if (rows > 0) log.info({ job: name, rows }, 'job done')
  } catch (error) {
    log.error({ err: error, job: name }, 'job failed; it comes again by its schedule')
  }
}
