import { createJobs } from '../../app/jobs.ts'
import type { JobLog } from '../../services/operation/job-runner.ts'
import { isOverdue, type Job, nextRun } from '../../services/operation/jobs.ts'
import type { JobRecord } from '../../stores/operation/job-runs.ts'
import { type CliCommand, type CliIo, UsageError } from '../frame.ts'
import { withServices } from '../with-services.ts'

/** Lists every job with its schedule and its last run; exit code 1 when one is failing. */
const list: CliCommand = {
  name: 'jobs:list',
  description: 'list the jobs: schedule, last run, outcome, rows, next run; exit code 1 when one fails',
  run: (_args, _options, io) =>
    withServices(io, async (services, { clock }) => {
      const records = new Map((await services.stores.jobRuns.list()).map((record) => [record.name, record]))
      const jobs = createJobs(services).map((job) => describe(job, records.get(job.name), clock.now()))
      const text = jobs.map(toLine).join('\n')
      return { exitCode: jobs.some(({ failures }) => failures > 0) ? 1 : 0, text, json: { jobs } }
    }),
}

/** Runs one job now, beside the running service. */
const run: CliCommand = {
  name: 'jobs:run',
  description: 'run one job now',
  define: (command) => command.argument('<name>', 'from jobs:list'),
  run: ([name = ''], _options, io) =>
    withServices(io, async (services) => {
      const job = createJobs(services).find((each) => each.name === name)
      if (!job) throw new UsageError(`There is no job ${name}. See jobs:list.`)
      const result = await services.operation.createRunner(quietLog(io)).run(job)
      if (result.outcome === 'busy')
        return { exitCode: 1, text: `${name} is under way in another process.`, json: { name, ...result } }
      const text = `${name} ${result.outcome}: ${result.rows} rows in ${result.durationMs} ms.`
      return { exitCode: result.outcome === 'done' ? 0 : 1, text, json: { name, ...result } }
    }),
}

/** The result is told in the end: only faults are said, without what a database quotes. */
function quietLog(io: CliIo): JobLog {
  return {
    info() {},
    error(detail, message) {
      const { err } = detail as { err?: Error & { code?: string } }
      io.err(`${[message, err?.name, err?.code].filter(Boolean).join(', ')}\n`)
    },
  }
}

export const jobCommands: CliCommand[] = [list, run]

function describe(job: Job, record: JobRecord | undefined, now: Date) {
  return {
    name: job.name,
    schedule: job.cron,
    running: record?.running ?? false,
    lastRun: record?.startedAt ?? null,
    outcome: record?.outcome ?? null,
    rows: record?.rows ?? null,
    durationMs: record?.durationMs ?? null,
    failures: record?.failures ?? 0,
    lastSuccess: record?.coveredUntil ?? null,
    nextRun: nextRun(job, now),
    overdue: isOverdue(job, record?.coveredUntil, now),
  }
}

function toLine(job: ReturnType<typeof describe>): string {
  const last = job.lastRun ? `${job.lastRun.toISOString()} ${job.outcome ?? 'no end'}` : 'never run'
  const work = job.outcome ? `${job.rows} rows, ${job.durationMs} ms` : ''
  const state = [job.running && 'running', job.overdue && 'overdue', job.failures > 0 && `${job.failures} failures`]
  return [
    job.name.padEnd(22),
    job.schedule.padEnd(14),
    last.padEnd(37),
    work.padEnd(20),
    `next ${job.nextRun.toISOString()}`,
    state.filter(Boolean).join(', '),
  ]
    .join('  ')
    .trimEnd()
}
