import { CronExpressionParser } from 'cron-parser'

/** Work that comes round by itself. */
export type Job = {
  /** Names it in log, queue and command line: `activation-reminders`. */
  name: string
  /** When it runs: five fields of cron, in Europe/Berlin. */
  cron: string
  /**
   * What it does bears the day on which it is done, as a reminder does: the clock of development leaves out no day of it. Others take up
   * whatever has fallen due meanwhile.
   */
  byDay?: true
  /** Seconds after which a run is given up; 900 unless told. */
  timeout?: number
  /**
   * Does what is due, in batches that are committed one by one, and answers how many rows it dealt with. It may run
   * twice, in parallel, and after a run that died half-way. It ends after the batch in which `signal` is aborted.
   */
  run(signal: AbortSignal): Promise<number>
}

/** The time zone of every schedule. */
export const timeZone = 'Europe/Berlin'

/** Seconds that a job may run. */
export const timeoutOf = (job: Job) => job.timeout ?? 900

/** Tells when a job comes next after an instant. */
export function nextRun({ cron }: Pick<Job, 'cron'>, after: Date): Date {
  return CronExpressionParser.parse(cron, { tz: timeZone, currentDate: after }).next().toDate()
}

/**
 * Tells whether a job is behind its schedule: it never succeeded, or came due after the last run that did. A run of the
 * future (the development clock was set back) counts for nothing.
 */
export function isOverdue(job: Pick<Job, 'cron'>, coveredUntil: Date | null | undefined, now: Date): boolean {
  return !coveredUntil || coveredUntil > now || nextRun(job, coveredUntil) <= now
}
