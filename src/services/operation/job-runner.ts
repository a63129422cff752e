import { randomUUID } from 'node:crypto'
import { PartsFailed } from '../../errors.ts'
import type { JobOutcome, JobRunStore } from '../../stores/operation/job-runs.ts'
import { type Job, timeoutOf } from './jobs.ts'

/** How a call ended: `busy` when a run of this job is under way, here or elsewhere; otherwise how the run ended. */
export type RunResult = { outcome: 'busy' } | { outcome: JobOutcome; rows: number; durationMs: number }

export type JobLog = Record<'info' | 'error', (detail: object, message: string) => void>

export type RunnerSettings = {
  runs: JobRunStore
  clock: { now(): Date }
  log: JobLog
  /** Tells operators of a job that fails again and again. */
  alert(job: string, failures: number): Promise<unknown>
  /** Seconds that a run which died blocks the next one. */
  leaseSeconds?: number
}

export type JobRunner = ReturnType<typeof createJobRunner>

/** Failures in a row after which operators are told. */
const alertAfter = 3

/** Creates the one way to run a job: once in the whole cluster, bounded in time, measured; its fault never gets out. */
export function createJobRunner(settings: RunnerSettings) {
  const { runs, clock, log, leaseSeconds = 60 } = settings
  /** Also runs that were given up and still hang: the job is not started beside them. */
  const here = new Map<string, { work: Promise<unknown>; abort: AbortController }>()

  async function runHeld(job: Job, lease: string): Promise<RunResult> {
    const abort = new AbortController()
    const begun = performance.now()
    const work = Promise.resolve().then(() => job.run(abort.signal))
    here.set(job.name, { work, abort })
    work.catch(() => {}).finally(() => here.delete(job.name))
    const renewing = keepLease(job.name, lease, abort)
    const end = await bounded(job, work, abort)
    if (end.outcome === 'timed_out') void holdBack(job, lease, work).finally(() => clearInterval(renewing))
    else clearInterval(renewing)
    const durationMs = Math.round(performance.now() - begun)
    const failures = await runs.finish(job.name, lease, { ...end, durationMs, finishedAt: clock.now() })
    report(job, { ...end, durationMs })
    if ((failures ?? 0) >= alertAfter) await settings.alert(job.name, failures ?? 0)
    return { outcome: end.outcome, rows: end.rows, durationMs }
  }

  /** Nobody runs a job beside what still hangs of it, here or elsewhere, for as long again as it may take. */
  async function holdBack(job: Job, lease: string, work: Promise<unknown>): Promise<void> {
    await endsWithin(timeoutOf(job), work)
    await runs.release(job.name, lease).catch(() => {})
  }

  function keepLease(name: string, lease: string, abort: AbortController): NodeJS.Timeout {
    const renew = async () => {
      // A database that does not answer is no reason to stop: the work itself will tell.
      const kept = await runs.renew(name, lease, leaseSeconds).catch(() => true)
      if (!kept) abort.abort('lease lost')
    }
    return setInterval(renew, (leaseSeconds * 1000) / 3)
  }

  function report({ name }: Job, { outcome, rows, durationMs, error }: RunEnd & { durationMs: number }): void {
    if (error instanceof PartsFailed)
      for (const err of error.errors) log.error({ err, job: name }, 'part of a job failed; the others are done')
    if (outcome === 'failed') log.error({ err: error, job: name, rows, durationMs }, 'job failed; it is tried again')
    else if (outcome === 'timed_out') log.error({ job: name, durationMs }, 'job took too long and was given up')
    else if (rows > 0 || outcome === 'interrupted') log.info({ job: name, rows, durationMs, outcome }, 'job done')
  }

  return {
    /** Runs a job now unless it is under way; never throws. */
    async run(job: Job): Promise<RunResult> {
      if (here.has(job.name)) return { outcome: 'busy' }
      const lease = randomUUID()
      try {
        if (!(await runs.claim(job.name, lease, clock.now(), leaseSeconds))) return { outcome: 'busy' }
        return await runHeld(job, lease)
      } catch (error) {
        log.error({ err: error, job: job.name }, 'job failed; it is tried again')
        return { outcome: 'failed', rows: 0, durationMs: 0 }
      }
    },
    /** Lets the jobs under way end after their batch; what is left is taken up by the next run. */
    async stop(): Promise<void> {
      const open = [...here.values()]
      for (const { abort } of open) abort.abort('stopping')
      await Promise.allSettled(open.map(({ work }) => work))
    },
  }
}

type RunEnd = { outcome: JobOutcome; rows: number; error?: unknown }

/** Waits for the end of some work, good or bad, at most for so many seconds. */
async function endsWithin(seconds: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const tooLong = new Promise((resolve) => {
    timer = setTimeout(resolve, seconds * 1000).unref()
  })
  await Promise.race([work.catch(() => {}), tooLong])
  clearTimeout(timer)
}

/** Waits for the work, at most for the job's time. */
async function bounded(job: Job, work: Promise<number>, abort: AbortController): Promise<RunEnd> {
  let timer: NodeJS.Timeout | undefined
  const tooLong = new Promise<RunEnd>((resolve) => {
    timer = setTimeout(() => {
      abort.abort('too long')
      resolve({ outcome: 'timed_out', rows: 0 })
    }, timeoutOf(job) * 1000)
  })
  const ended = work.then(
    (rows): RunEnd => ({ outcome: abort.signal.aborted ? 'interrupted' : 'done', rows }),
    (error): RunEnd => ({ outcome: 'failed', rows: error instanceof PartsFailed ? error.done : 0, error }),
  )
  return await Promise.race([ended, tooLong]).finally(() => clearTimeout(timer))
}
