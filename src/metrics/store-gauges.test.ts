import { setTimeout as wait } from 'node:timers/promises'
import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { createStoreGauges, type StoreFigures } from './store-gauges.ts'

const figures: StoreFigures = {
  messages: [{ kind: 'sms', waiting: 3, oldest: 12 }],
  jobs: [{ job: 'clean-up', failures: 1, overdue: 40, sinceSuccess: 340 }],
  printRuns: [{ state: 'released', count: 1, oldest: 90 }],
  keys: [{ use: 'ES256', days: 30 }],
  auditStream: { waiting: 7, lag: 90, failures: 2 },
}

function create(settings = {}) {
  const registry = new Registry()
  const gauges = createStoreGauges(registry, settings)
  return { gauges, lines: async () => (await registry.metrics()).split('\n').filter((line) => /^\w/.test(line)) }
}

test('shows what the database tells, and nothing that it did not', async () => {
  const { gauges, lines } = create()
  await gauges.refresh(async () => figures)
  expect((await lines()).sort()).toEqual([
    'audit_stream_failures{receiver="siem"} 2',
    'audit_stream_oldest_seconds{receiver="siem"} 90',
    'audit_stream_waiting{receiver="siem"} 7',
    'database_up{server="postgresql"} 1',
    'job_failures{name="clean-up"} 1',
    'job_overdue_seconds{name="clean-up"} 40',
    'job_success_age_seconds{name="clean-up"} 340',
    'key_age_days{use="ES256"} 30',
    'messages_oldest_seconds{kind="sms"} 12',
    'messages_waiting{kind="sms"} 3',
    'print_run_oldest_seconds{state="released"} 90',
    'print_runs_open{state="released"} 1',
  ])
})

test('asks the database no more often however often it is scraped', async () => {
  const { gauges } = create()
  let asked = 0
  const read = async () => {
    asked++
    return figures
  }
  await Promise.all([gauges.refresh(read), gauges.refresh(read)])
  await gauges.refresh(read)
  expect(asked).toBe(1)
})

test('without the database old figures are gone, and it says so', async () => {
  const { gauges, lines } = create({ holds: 0 })
  await gauges.refresh(async () => figures)
  await gauges.refresh(() => Promise.reject(new Error('away')))
  expect(await lines()).toEqual(['database_up{server="postgresql"} 0'])
})

test('a database that hangs holds no scrape up, is asked once only, and is shown again when it answers', async () => {
  const { gauges, lines } = create({ holds: 0, patience: 20 })
  let answer = (_figures: StoreFigures) => {}
  let asked = 0
  const read = () => {
    asked++
    return new Promise<StoreFigures>((resolve) => {
      answer = resolve
    })
  }
  await gauges.refresh(read)
  await gauges.refresh(read)
  expect(await lines()).toEqual(['database_up{server="postgresql"} 0'])
  expect(asked).toBe(1)
  answer(figures)
  await wait(5)
  expect(await lines()).toContain('database_up{server="postgresql"} 1')
})
