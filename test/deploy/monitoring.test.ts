import { existsSync, readFileSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { createMetrics } from '../../src/metrics/metrics.ts'

const metrics = createMetrics()
afterAll(metrics.close)

/** Labels by name of every series that a scrape can hold; those of the Node process itself have none. */
const series = new Map<string, string[]>([['process_resident_memory_bytes', []]])
for (const metric of metrics.registry.getMetricsAsArray()) {
  const { name, type } = metric
  const { labelNames } = metric as unknown as { labelNames: string[] }
  if (String(type) !== 'histogram') series.set(name, labelNames)
  else for (const end of ['_bucket', '_sum', '_count']) series.set(name + end, [...labelNames, 'le'])
}

const duration = z.string().regex(/^\d+[smhd]$/)
const rule = z.strictObject({
  alert: z.string().regex(/^[A-Z][A-Za-z]+$/),
  expr: z.string().min(1),
  for: duration.optional(),
  labels: z.strictObject({ severity: z.enum(['page', 'ticket']) }),
  annotations: z.strictObject({ summary: z.string().min(10), runbook: z.string() }),
})
const ruleFile = z.strictObject({ groups: z.array(z.strictObject({ name: z.string(), rules: z.array(rule).min(1) })) })

type Panel = { title: string; targets?: { expr: string; legendFormat: string }[] }
const { rules } = ruleFile.parse(parse(readFileSync('deploy/prometheus/alerts.yaml', 'utf8'))).groups[0] ?? {
  rules: [],
}
const dashboard = JSON.parse(readFileSync('deploy/grafana/anmeldung.json', 'utf8')) as { panels: Panel[] }
const expressions = [
  ...rules.map(({ alert, expr }) => [alert, expr] as const),
  ...dashboard.panels.flatMap(({ title, targets }) => (targets ?? []).map(({ expr }) => [title, expr] as const)),
]

const words = new Set('sum min max rate increase by le or and on absent topk histogram_quantile hour'.split(' '))

/** Names that an expression uses and no scrape holds: series, and labels of the series beside them. */
function unknownNames(expr: string): string[] {
  const withoutTexts = expr.replace(/"[^"]*"/g, '""').replace(/\[\w+\]/g, '')
  const names = [...withoutTexts.matchAll(/[a-z_]\w*/gi)].map(([name]) => name)
  const used = names.filter((name) => series.has(name))
  const labels = new Set(used.flatMap((name) => series.get(name)))
  return names.filter((name) => !words.has(name) && !series.has(name) && !labels.has(name))
}

describe('alert rules and dashboard', () => {
  it.each(expressions)('%s names what the metrics hold', (_name, expr) => {
    expect(unknownNames(expr)).toEqual([])
    expect([...expr].filter((sign) => sign === '(').length).toBe([...expr].filter((sign) => sign === ')').length)
  })

  it('would tell a metric, and a label, that does not exist', () => {
    expect(unknownNames('sum by (area) (processes)')).toEqual(['area'])
    expect(unknownNames('sum(messages_lost{kind="sms"})')).toEqual(['messages_lost', 'kind'])
  })

  it.each(rules)('$alert leads to a page', ({ annotations }) => {
    expect(existsSync(annotations.runbook)).toBe(true)
  })

  it('has each rule once, and shows every metric of ours somewhere', () => {
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length)
    const all = expressions.map(([, expr]) => expr).join(' ')
    const own = metrics.registry.getMetricsAsArray().map(({ name }) => name)
    expect(own.filter((name) => !all.includes(name))).toEqual([])
  })
})

describe('docs/operate/monitoring.md', () => {
  it('tells every metric with its labels and help', () => {
    const page = readFileSync('docs/operate/monitoring.md', 'utf8')
    const rows = metrics.registry.getMetricsAsArray().map((metric) => {
      const labels = (metric as unknown as { labelNames: string[] }).labelNames.filter((label) => label !== 'le')
      return `| \`${metric.name}\` | ${labels.map((label) => `\`${label}\``).join(' ') || '—'} | ${metric.help} |`
    })
    expect(rows.filter((row) => !page.includes(row))).toEqual([])
  })
})
