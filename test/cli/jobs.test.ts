import { afterAll, beforeAll, expect, it } from 'vitest'
import { createInstallation } from './installation.ts'

let service: Awaited<ReturnType<typeof createInstallation>>
beforeAll(async () => {
  service = await createInstallation()
  await service.run(['db:migrate'])
})
afterAll(() => service.close())

it('lists the jobs and runs one', async () => {
  const before = await service.runJson(['jobs:list'])
  expect(before.jobs.map(({ name }: { name: string }) => name)).toContain('clean-up')
  expect(before.jobs[0]).toMatchObject({ lastRun: null, overdue: true, failures: 0 })
  expect(await service.runJson(['jobs:run', 'clean-up'])).toMatchObject({ ok: true, outcome: 'done', rows: 0 })
  const line = (await service.run(['jobs:list'])).out.split('\n').find((each) => each.startsWith('clean-up'))
  expect(line).toMatch(/\*\/5 \* \* \* \* .* done +0 rows, \d+ ms +next 20\S+Z$/)
})

it('tells that a job runs elsewhere, fails, or does not exist', async () => {
  const other = { lease: '6f3b3f0e-0000-4000-8000-000000000001', lease_until: new Date('2100-01-01') }
  await service.knex('job_runs').where({ name: 'clean-up' }).update(other)
  expect(await service.runJson(['jobs:run', 'clean-up'])).toMatchObject({ exitCode: 1, outcome: 'busy' })
  await service.knex('job_runs').update({ failures: 2, outcome: 'failed' })
  const list = await service.run(['jobs:list'])
  expect(list.exitCode).toBe(1)
  expect(list.err).toMatch(/clean-up.*failed.*running, 2 failures/)
  expect((await service.run(['jobs:run', 'coffee'])).exitCode).toBe(2)
})

it('counts and shows the days', async () => {
  expect((await service.run(['statistics:show'])).out).toMatch(/^Nothing is counted yet/)
  expect(await service.runJson(['jobs:run', 'daily-statistics'])).toMatchObject({ outcome: 'done', rows: 3 })
  const { days } = await service.runJson(['statistics:show', '--days', '2'])
  expect(days).toHaveLength(2)
  expect(days[0]).toMatchObject({ registrations: 0, sign_ins: 0, deletions: 0 })
  expect((await service.run(['statistics:show'])).out).toMatch(/^day +registrations {2}activations/)
  expect((await service.run(['statistics:show', '--days', 'all'])).exitCode).toBe(2)
})
