import type { Services } from '../app/services.ts'
import type { Clock } from '../gateways/clock.ts'
import { isOverdue, type Job, nextRun } from '../services/operation/jobs.ts'
import type { JobRecord } from '../stores/operation/job-runs.ts'
import type { StoreFigures } from './store-gauges.ts'

type Parts = {
  services: Pick<Services, 'stores' | 'keys' | 'operation'>
  jobs: readonly Pick<Job, 'name' | 'cron'>[]
  clock: Clock
}

const kinds = ['sms', 'email', 'print_run', 'backchannel_logout'] as const
const states = ['collecting', 'prepared', 'released'] as const

/** Reads the figures that are told by the database, one short statement after another; every kind and state has its row. */
export async function readStoreFigures({ services, jobs, clock }: Parts): Promise<StoreFigures> {
  const { stores } = services
  const { keyRings, signingKeys } = services.keys
  const { auditStream } = services.operation
  const waiting = await stores.observations.messages()
  const records = new Map((await stores.jobRuns.list()).map((record) => [record.name, record]))
  const open = await stores.observations.printRuns()
  const now = clock.now()
  const age = (since: Date | null | undefined) => (since ? (now.getTime() - since.getTime()) / 1000 : 0)
  return {
    messages: kinds.map((kind) => {
      const found = waiting.find((each) => each.kind === kind)
      return { kind, waiting: found?.count ?? 0, oldest: age(found?.oldest) }
    }),
    jobs: jobs.flatMap((job) => {
      const record = records.get(job.name)
      return record ? [figuresOf(job, record, now)] : []
    }),
    printRuns: states.map((state) => {
      const found = open.find((each) => each.state === state)
      return { state, count: found?.count ?? 0, oldest: age(found?.oldest) }
    }),
    ...(auditStream.configured && { auditStream: await auditStream.status() }),
    keys: [
      ...(await keyRings.ages()).map(({ ring, days }) => ({ use: ring, days })),
      ...(await signingKeys.ages()).map(({ alg, days }) => ({ use: alg, days })),
    ],
  }
}

function figuresOf(job: Pick<Job, 'name' | 'cron'>, record: JobRecord, now: Date): StoreFigures['jobs'][number] {
  const { coveredUntil, startedAt, durationMs, failures } = record
  const due = coveredUntil && coveredUntil <= now ? nextRun(job, coveredUntil) : startedAt
  const overdue = isOverdue(job, coveredUntil, now) ? Math.max(0, (now.getTime() - due.getTime()) / 1000) : 0
  return {
    job: job.name,
    failures,
    overdue,
    ...(coveredUntil && { sinceSuccess: Math.max(0, (now.getTime() - coveredUntil.getTime()) / 1000) }),
    ...(durationMs !== null && { duration: durationMs / 1000 }),
  }
}
