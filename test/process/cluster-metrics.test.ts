import { execFileSync } from 'node:child_process'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createProcessWorld } from '../support/machine/processes.ts'
import { freePort } from '../support/servers/processes.ts'

const withoutServer = process.env.TEST_WITHOUT_POSTGRES === 'true'

let world: Awaited<ReturnType<typeof createProcessWorld>>
beforeEach(async () => {
  if (withoutServer) return
  world = await createProcessWorld()
})
afterEach(() => world?.close())

const workersOf = (pid: number | undefined): number[] =>
  execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .flatMap(([own, parent]) => (parent === pid && own ? [own] : []))

it.skipIf(withoutServer)(
  'gives the sums of a cluster with one scrape, also while one of its processes hangs',
  async () => {
    const metricsPort = String(await freePort())
    const first = world.start({ WEB_CONCURRENCY: '2', METRICS_PORT: metricsPort })
    const { issuer } = await first.ready
    const scrape = async () => await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
    // Each connection of its own: the processes take turns.
    for (let turn = 0; turn < 6; turn++) await fetch(`${issuer}/hilfe`, { headers: { Connection: 'close' } })
    const whole = await scrape()
    expect(whole).toMatch(/^processes 2$/m)
    expect(whole).toMatch(/^http_request_duration_seconds_count\{method="GET",route="\/hilfe",status="200"\} 6$/m)
    expect(whole).toMatch(/^password_hashing_waiting 0$/m)
    // What both see in the database is taken once.
    expect(whole).toMatch(/^key_age_days\{use="encryption"\} 0$/m)
    expect(whole).toMatch(/^database_up\{server="postgresql"\} 1$/m)

    const [hanging = 0] = workersOf(first.process.pid)
    process.kill(hanging, 'SIGSTOP')
    try {
      expect(await scrape()).toMatch(/^processes 1$/m)
    } finally {
      process.kill(hanging, 'SIGCONT')
    }
  },
  60_000,
)
