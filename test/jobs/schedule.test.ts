import { fromKnex, PgBoss } from 'pg-boss'
import { afterEach, expect, it } from 'vitest'
import { startSchedule } from '../../src/jobs/schedule.ts'
import { createJobRunner } from '../../src/services/operation/job-runner.ts'
import type { Job } from '../../src/services/operation/jobs.ts'
import { createJobRunStore } from '../../src/stores/operation/job-runs.ts'
import { createStandingClock } from '../support/clock.ts'
import { describeOnServer } from '../support/stores/databases.ts'

describeOnServer('the schedule of the cluster', (database) => {
  const stops: (() => Promise<void>)[] = []
  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop()
  })
  const clock = createStandingClock('2026-11-24T12:00:00Z')

  async function startProcess(jobs: Job[]) {
    const runs = createJobRunStore(database())
    const log = { info() {}, warn() {}, error() {} } as never
    const boss = new PgBoss({ db: fromKnex(database()), schema: 'pgboss' })
    await boss.start()
    const runner = createJobRunner({ runs, clock, log, alert: async () => {} })
    const schedule = await startSchedule(boss, { jobs, runner, runs, clock, log })
    stops.push(async () => {
      await schedule.stop()
      await boss.stop({ graceful: false })
    })
    return boss
  }

  it('runs at the start what was missed, once in all processes, and nothing that is done', async () => {
    const counts: Record<string, number> = {}
    const job = (name: string, cron: string): Job => ({
      ...{ name, cron },
      async run() {
        counts[name] = (counts[name] ?? 0) + 1
        await new Promise((resolve) => setTimeout(resolve, 300))
        return 1
      },
    })
    const jobs = [job('nightly', '5 0 * * *'), job('fresh', '5 0 * * *'), job('never-run', '0 8 1 1 *')]
    const finished = new Date('2026-11-24T11:59:00Z')
    await database()('job_runs').insert([
      { name: 'nightly', started_at: finished, covered_until: new Date('2026-11-22T23:05:00Z') },
      { name: 'fresh', started_at: finished, covered_until: new Date('2026-11-23T23:05:00Z') },
    ])
    const boss = await startProcess(jobs)
    await Promise.all([startProcess(jobs), startProcess(jobs)])
    await new Promise((resolve) => setTimeout(resolve, 2500))
    expect(counts).toEqual({ nightly: 1, 'never-run': 1 })

    const entered = await boss.getSchedules('jobs')
    expect(entered.map(({ key, timezone }) => [key, timezone])).toEqual([
      ['fresh', 'Europe/Berlin'],
      ['never-run', 'Europe/Berlin'],
      ['nightly', 'Europe/Berlin'],
    ])
    await startProcess([job('nightly', '10 0 * * *')])
    const now = await boss.getSchedules('jobs')
    expect(now.map(({ key, cron }) => [key, cron])).toEqual([['nightly', '10 0 * * *']])
  })
})
