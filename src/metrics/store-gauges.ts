import { Gauge, type Registry } from 'prom-client'

/** What the database tells; ages in seconds unless named otherwise. */
export type StoreFigures = {
  messages: readonly { kind: string; waiting: number; oldest: number }[]
  jobs: readonly { job: string; failures: number; overdue: number; sinceSuccess?: number; duration?: number }[]
  printRuns: readonly { state: string; count: number; oldest: number }[]
  /** What the receiver of audit events has not taken; unset where there is none. */
  auditStream?: { waiting: number; lag: number; failures: number }
  /** Days that a key has been writing or signing. */
  keys: readonly { use: string; days: number }[]
}

type Settings = {
  /** Milliseconds for which figures hold, and for which a scrape waits for new ones. */
  holds?: number
  patience?: number
}

/**
 * Creates the gauges of what lies in the database. All processes see the same, so of several one is taken. They are asked for
 * at most every five seconds; while the database does not answer they are absent and `database_up` is 0.
 */
export function createStoreGauges(registry: Registry, { holds = 5000, patience = 1500 }: Settings = {}) {
  const gauges = createGauges(registry)
  const values = Object.values(gauges)
  let looked = Number.NEGATIVE_INFINITY
  let underWay: Promise<void> | undefined
  async function look(read: () => Promise<StoreFigures>): Promise<void> {
    const figures = await read().catch(() => undefined)
    for (const gauge of values) gauge.reset()
    gauges.up.set({ server: 'postgresql' }, figures ? 1 : 0)
    if (figures) show(gauges, figures)
    looked = performance.now()
  }
  return {
    async refresh(read: (() => Promise<StoreFigures>) | undefined): Promise<void> {
      if (!read || performance.now() - looked < holds) return
      // One that hangs is waited for by later scrapes; none is started beside it.
      underWay ??= look(read).finally(() => {
        underWay = undefined
      })
      if (await endsWithin(underWay, patience)) return
      for (const gauge of values) gauge.reset()
      gauges.up.set({ server: 'postgresql' }, 0)
    },
  }
}

function createGauges(registry: Registry) {
  const gauge = <L extends string>(name: string, help: string, labelNames: L[]) =>
    new Gauge({ name, help, labelNames, aggregator: 'max', registers: [registry] })
  return {
    up: gauge('database_up', '1 while PostgreSQL answers a scrape in time; 0: the figures below are absent', [
      'server',
    ]),
    waiting: gauge('messages_waiting', 'Messages not delivered yet, by kind', ['kind']),
    oldest: gauge('messages_oldest_seconds', 'Age of the message that waits longest', ['kind']),
    // Not `job`: Prometheus calls the target so.
    failures: gauge('job_failures', 'Failed runs of a job since its last success', ['name']),
    overdue: gauge('job_overdue_seconds', 'For how long a job has been due; 0 when it is not', ['name']),
    success: gauge('job_success_age_seconds', 'Time since the last run that succeeded began', ['name']),
    duration: gauge('job_duration_seconds', 'How long the last run of a job took', ['name']),
    runs: gauge('print_runs_open', 'Print runs that are neither posted nor cancelled, by state', ['state']),
    run: gauge('print_run_oldest_seconds', 'Time since the oldest open print run was closed for preparation', [
      'state',
    ]),
    streamWaiting: gauge('audit_stream_waiting', 'Sealed audit events that their receiver has not taken', ['receiver']),
    streamOldest: gauge('audit_stream_oldest_seconds', 'Age of the oldest audit event that its receiver lacks', [
      'receiver',
    ]),
    streamFailures: gauge('audit_stream_failures', 'Deliveries of audit events that failed since one succeeded', [
      'receiver',
    ]),
    keys: gauge('key_age_days', 'Days that the key in use has been writing (ring) or signing (algorithm)', ['use']),
  }
}

function show(gauges: ReturnType<typeof createGauges>, figures: StoreFigures): void {
  for (const { kind, waiting, oldest } of figures.messages) {
    gauges.waiting.set({ kind }, waiting)
    gauges.oldest.set({ kind }, Math.max(0, oldest))
  }
  for (const { job, failures, overdue, sinceSuccess, duration } of figures.jobs) {
    gauges.failures.set({ name: job }, failures)
    gauges.overdue.set({ name: job }, overdue)
    if (sinceSuccess !== undefined) gauges.success.set({ name: job }, sinceSuccess)
    if (duration !== undefined) gauges.duration.set({ name: job }, duration)
  }
  for (const { state, count, oldest } of figures.printRuns) {
    gauges.runs.set({ state }, count)
    gauges.run.set({ state }, Math.max(0, oldest))
  }
  if (figures.auditStream) {
    gauges.streamWaiting.set({ receiver: 'siem' }, figures.auditStream.waiting)
    gauges.streamOldest.set({ receiver: 'siem' }, figures.auditStream.lag)
    gauges.streamFailures.set({ receiver: 'siem' }, figures.auditStream.failures)
  }
  for (const { use, days } of figures.keys) gauges.keys.set({ use }, days)
}

async function endsWithin(work: Promise<void>, milliseconds: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const tooLong = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), milliseconds)
  })
  return await Promise.race([work.then(() => true), tooLong]).finally(() => clearTimeout(timer))
}
