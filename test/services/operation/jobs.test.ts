import { beforeEach, describe, expect, it } from 'vitest'
import { createJobRunner } from '../../../src/services/operation/job-runner.ts'
import { isOverdue, type Job, nextRun } from '../../../src/services/operation/jobs.ts'
import { createJobRunStore } from '../../../src/stores/operation/job-runs.ts'
import { createStandingClock } from '../../support/clock.ts'
import { describeOnDatabase, sixteenTimes } from '../../support/stores/databases.ts'

const at = (instant: string) => new Date(instant)
const instants = (cron: string, from: string, count: number) => {
  const found: string[] = []
  for (let after = at(from); found.length < count; found.push(after.toISOString())) after = nextRun({ cron }, after)
  return found
}

describe('the schedule', () => {
  it('keeps the wall clock of Berlin over the changes of summer time', () => {
    expect(instants('0 8 * * *', '2027-03-27T00:00:00Z', 2)).toEqual([
      '2027-03-27T07:00:00.000Z',
      '2027-03-28T06:00:00.000Z',
    ])
    expect(instants('5 0 * * *', '2026-10-24T12:00:00Z', 2)).toEqual([
      '2026-10-24T22:05:00.000Z',
      '2026-10-25T23:05:00.000Z',
    ])
  })

  it('misses no run in the hour that does not exist, and takes the one that comes twice once a day', () => {
    const spring = instants('30 2 * * *', '2027-03-27T12:00:00Z', 2).map((instant) => instant.slice(0, 10))
    expect(spring).toEqual(['2027-03-28', '2027-03-29'])
    const autumn = instants('30 2 * * *', '2026-10-24T12:00:00Z', 2).map((instant) => instant.slice(0, 10))
    expect(autumn).toEqual(['2026-10-25', '2026-10-26'])
  })

  it('finds what is overdue: never done, or due since the last success began', () => {
    const job = { cron: '5 0 * * *' }
    expect(isOverdue(job, null, at('2026-11-24T12:00:00Z'))).toBe(true)
    expect(isOverdue(job, at('2026-11-23T23:05:00Z'), at('2026-11-24T23:04:59Z'))).toBe(false)
    expect(isOverdue(job, at('2026-11-23T23:05:00Z'), at('2026-11-24T23:05:00Z'))).toBe(true)
    expect(isOverdue(job, at('2027-02-01T00:00:00Z'), at('2026-11-24T12:00:00Z'))).toBe(true)
  })
})

describeOnDatabase('a job', (database) => {
  const clock = createStandingClock('2026-11-24T12:00:00Z')
  const runs = () => createJobRunStore(database())
  const alerts: [string, number][] = []
  const lines: string[] = []
  const note = (_detail: object, line: string) => void lines.push(line)
  const runner = (leaseSeconds?: number) =>
    createJobRunner({
      ...{ runs: runs(), clock, leaseSeconds },
      log: { info: note, warn: note, error: note } as never,
      alert: async (job, failures) => void alerts.push([job, failures]),
    })
  const job = (run: Job['run'], changes: Partial<Job> = {}): Job => ({
    name: 'work',
    cron: '* * * * *',
    run,
    ...changes,
  })
  const record = async () => (await runs().list())[0]
  beforeEach(async () => {
    await database()('job_runs').delete()
    alerts.length = 0
    lines.length = 0
  })

  it('is measured, and what was due at its start is done', async () => {
    expect(await runner().run(job(async () => 7))).toMatchObject({ outcome: 'done', rows: 7 })
    expect(await record()).toMatchObject({
      ...{ name: 'work', running: false, outcome: 'done', rows: 7, failures: 0 },
      ...{ startedAt: clock.now(), finishedAt: clock.now(), coveredUntil: clock.now() },
    })
  })

  it('runs once when sixteen processes start it', async () => {
    let [count, busy] = [0, 0]
    // It ends once all the others were turned away, however long that takes.
    const othersAway = Promise.withResolvers<void>()
    const slow = job(async () => {
      count++
      await othersAway.promise
      return 1
    })
    const results = await sixteenTimes(async () => {
      const result = await runner().run(slow)
      if (result.outcome === 'busy' && ++busy === 15) othersAway.resolve()
      return result
    })
    expect(count).toBe(1)
    expect(results.filter(({ outcome }) => outcome === 'busy')).toHaveLength(15)
  })

  it('is free again when the process that ran it has died, not before', async () => {
    await runs().claim('work', '6f3b3f0e-0000-4000-8000-000000000001', clock.now(), 0.3)
    expect(await runner().run(job(async () => 1))).toEqual({ outcome: 'busy' })
    await new Promise((resolve) => setTimeout(resolve, 350))
    expect(await runner().run(job(async () => 1))).toMatchObject({ outcome: 'done' })
  })

  it('keeps its lease while it works, and stops when another run has taken it', async () => {
    let ended: unknown
    const long = job(async (signal) => {
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
      ended = signal.reason
      return 1
    })
    const running = runner(0.3).run(long)
    await new Promise((resolve) => setTimeout(resolve, 600))
    expect(await runner().run(job(async () => 1))).toEqual({ outcome: 'busy' })
    const other = '6f3b3f0e-0000-4000-8000-000000000002'
    await database()('job_runs').update({ lease: other })
    expect(await running).toMatchObject({ outcome: 'interrupted' })
    expect(ended).toBe('lease lost')
    expect(await database()('job_runs').first()).toMatchObject({ lease: other, finished_at: null })
  })

  it('that fails is no success; operators hear of the third failure in a row', async () => {
    const fails = job(async () => {
      throw new Error('no')
    })
    const { run } = runner()
    for (let n = 0; n < 2; n++) expect(await run(fails)).toMatchObject({ outcome: 'failed' })
    expect(alerts).toEqual([])
    await run(fails)
    expect(alerts).toEqual([['work', 3]])
    expect(lines).toEqual(Array(3).fill('job failed; it is tried again'))
    expect(await record()).toMatchObject({ outcome: 'failed', failures: 3, coveredUntil: null })
    await run(job(async () => 0))
    expect(await record()).toMatchObject({ failures: 0, coveredUntil: clock.now() })
  })

  it('that hangs is given up in its time, blocks only itself, and is not started beside what still hangs', async () => {
    const one = runner()
    const hangs = job(() => new Promise(() => {}), { timeout: 0.2 })
    const [hung, other] = await Promise.all([one.run(hangs), one.run(job(async () => 1, { name: 'other' }))])
    expect(hung).toMatchObject({ outcome: 'timed_out' })
    expect(other).toMatchObject({ outcome: 'done' })
    expect(await one.run(hangs)).toEqual({ outcome: 'busy' })
    expect(await runs().list()).toMatchObject([{ name: 'other' }, { running: true, outcome: 'timed_out', failures: 1 }])
  })

  it('that hangs is not started elsewhere before it has ended, or has had its time once more', async () => {
    let end = () => {}
    const hanging = new Promise<number>((resolve) => {
      end = () => resolve(1)
    })
    const elsewhere = () => runner().run(job(async () => 1))
    expect(await runner().run(job(() => hanging, { timeout: 1 }))).toMatchObject({ outcome: 'timed_out' })
    expect(await elsewhere()).toEqual({ outcome: 'busy' })
    end()
    await expect.poll(elsewhere).toMatchObject({ outcome: 'done' })
    expect(await runner().run(job(() => new Promise(() => {}), { timeout: 0.2 }))).toMatchObject({
      outcome: 'timed_out',
    })
    expect(await elsewhere()).toEqual({ outcome: 'busy' })
    await expect.poll(elsewhere).toMatchObject({ outcome: 'done' })
  })

  it('ends after its batch when the process stops, and the next run takes up the rest', async () => {
    const one = runner()
    let batches = 0
    const long = job(async (signal) => {
      for (; !signal.aborted; batches++) await new Promise((resolve) => setTimeout(resolve, 20))
      return batches
    })
    const running = one.run(long)
    await new Promise((resolve) => setTimeout(resolve, 150))
    await one.stop()
    expect(await running).toMatchObject({ outcome: 'interrupted' })
    expect(await record()).toMatchObject({ running: false, outcome: 'interrupted', coveredUntil: null })
  })
})
