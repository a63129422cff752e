import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createProcessWorld } from '../support/machine/processes.ts'
import { hasPrometheus } from '../support/machine/programs.ts'
import { freePort } from '../support/servers/processes.ts'
import { startPrometheus } from '../support/servers/prometheus.ts'
import { waitFor } from '../support/wait.ts'

type Sample = { metric: Record<string, string> }
type Rules = { groups: { rules: { name: string; health: string; lastError?: string }[] }[] }
type Board = { panels: { title: string; targets?: { expr: string }[] }[] }

describe.skipIf(!hasPrometheus() || process.env.TEST_WITHOUT_POSTGRES)('Prometheus', () => {
  let world: Awaited<ReturnType<typeof createProcessWorld>>
  let prometheus: Awaited<ReturnType<typeof startPrometheus>>
  beforeAll(async () => {
    world = await createProcessWorld()
    const port = await freePort()
    const child = world.start({ METRICS_PORT: String(port) })
    prometheus = await startPrometheus(port, resolve('deploy/prometheus/alerts.yaml'))
    await child.ready
  })
  afterAll(async () => {
    await prometheus?.close()
    await world?.close()
  })

  const query = async (expr: string) =>
    (await prometheus.ask<{ result: Sample[] }>(`query?${new URLSearchParams({ query: expr })}`)).result

  it('tells one job from another, whatever it calls the target', async () => {
    // A job is known from its first run on; several run at the first start.
    const names = async () => (await query('max by (name) (job_overdue_seconds)')).map(({ metric }) => metric.name)
    await expect.poll(async () => new Set(await names()).size).toBeGreaterThan(1)
    expect(await names()).not.toContain(undefined)
  })

  it('renames no label of ours', async () => {
    await waitFor(async () => (await query('database_up')).length > 0)
    expect(await query('{__name__=~".+",exported_job=~".+"}')).toEqual([])
    expect(await query('{__name__=~".+",exported_instance=~".+"}')).toEqual([])
  })

  it('follows every alert rule', async () => {
    const rules = await waitFor(async () => {
      const found = (await prometheus.ask<Rules>('rules')).groups.flatMap((group) => group.rules)
      return found.every(({ health }) => health !== 'unknown') && found
    })
    expect(rules.filter(({ health }) => health !== 'ok')).toEqual([])
    expect(rules.length).toBeGreaterThan(15)
  })

  const { panels } = JSON.parse(readFileSync('deploy/grafana/anmeldung.json', 'utf8')) as Board
  it.each(panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => [title, expr] as const)))(
    'can draw the panel %s: %s',
    async (_title, expr) => {
      // Grafana puts the interval in.
      await expect(query(expr.replaceAll('$__rate_interval', '1m'))).resolves.toBeInstanceOf(Array)
    },
  )
})
