import type { PgBoss } from 'pg-boss'
import type { Logger } from 'pino'
import type { JobRunner } from '../services/operation/job-runner.ts'
import { isOverdue, type Job, timeoutOf, timeZone } from '../services/operation/jobs.ts'
import type { JobRunStore } from '../stores/operation/job-runs.ts'

export type ScheduleSettings = {
  jobs: readonly Job[]
  runner: JobRunner
  runs: JobRunStore
  clock: { now(): Date }
  log: Pick<Logger, 'error'>
}

/** The schedule of one process. */
export type Schedule = { stop(): Promise<void> }

const queue = 'jobs'

/** How often jobs behind their schedule are looked for, in milliseconds: after an outage, a failure or a process that died. */
const catchUpInterval = 5 * 60_000

/**
 * Enters one schedule per job and works them off. A job waits or runs once in the whole cluster; one that is behind its
 * schedule runs at once.
 */
export async function startSchedule(boss: PgBoss, settings: ScheduleSettings): Promise<Schedule> {
  const { jobs, runner, log } = settings
  const byName = new Map(jobs.map((job) => [job.name, job]))
  // A process that died leaves its job active: without a sign of life it is failed and makes room.
  const limits = { retryLimit: 0, heartbeatSeconds: 60, expireInSeconds: Math.max(...jobs.map(timeoutOf)) + 60 }
  await boss.createQueue(queue, { policy: 'exclusive', ...limits, deleteAfterSeconds: 24 * 60 * 60 })
  // Jobs that may take an hour each have a place of their own, so that those of the minute always find one.
  const long = jobs.filter(({ timeout = 0 }) => timeout >= 3600).length
  const options = { pollingIntervalSeconds: 10, localConcurrency: long + 2 }
  await boss.work<{ job: string }>(queue, options, async ([given]) => {
    const job = byName.get(given?.data.job ?? '')
    if (job) await runner.run(job)
  })
  const { schedules, obsolete } = await compareSchedules(boss, jobs)
  for (const { name, cron } of schedules)
    await boss.schedule(queue, cron, { job: name }, { tz: timeZone, key: name, singletonKey: name })
  for (const key of obsolete) await boss.unschedule(queue, key)
  const catchUp = () => sendOverdue(boss, settings).catch((err) => log.error({ err }, 'overdue jobs not found'))
  await catchUp()
  const timer = setInterval(catchUp, catchUpInterval)
  return {
    async stop() {
      clearInterval(timer)
      await runner.stop()
    },
  }
}

/** Schedules that are new or changed, and entered ones whose job is gone. */
async function compareSchedules(boss: PgBoss, jobs: readonly Job[]) {
  const entered = new Map((await boss.getSchedules(queue)).map(({ key, cron }) => [key, cron]))
  const names = new Set(jobs.map(({ name }) => name))
  return {
    schedules: jobs.filter(({ name, cron }) => entered.get(name) !== cron),
    obsolete: [...entered.keys()].filter((key) => !names.has(key)),
  }
}

/** Sends every job that is behind its schedule; one that waits or runs already is not sent twice. */
async function sendOverdue(boss: PgBoss, { jobs, runs, clock }: ScheduleSettings): Promise<void> {
  const known = new Map((await runs.list()).map((record) => [record.name, record]))
  const now = clock.now()
  for (const job of jobs)
    if (isOverdue(job, known.get(job.name)?.coveredUntil, now))
      await boss.send(queue, { job: job.name }, { singletonKey: job.name })
}
