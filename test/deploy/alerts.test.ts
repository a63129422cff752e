import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { createMetrics } from '../../src/metrics/metrics.ts'
import { hasPrometheus } from '../support/machine/programs.ts'

const rules = resolve('deploy/prometheus/alerts.yaml')
const alerts = (parse(readFileSync(rules, 'utf8')) as { groups: { rules: { alert: string }[] }[] }).groups.flatMap(
  (group) => group.rules.map(({ alert }) => alert),
)

/** Series with one value a minute, in the notation of promtool: `a+bxn` begins at a and grows by b, n times. */
type Series = Record<string, string>

const answered = (route: string, status: number) =>
  `http_request_duration_seconds_count{method="GET",route="${route}",status="${status}"}`
const answeredWithin = (le: string) =>
  `http_request_duration_seconds_bucket{method="GET",route="/anmelden",status="200",le="${le}"}`
const event = (type: string) => `audit_events_total{type="${type}"}`
const entered = 'journey_steps_total{journey="sign-in",step="mtan",outcome="laterSignIn"}'

/** Two hours of a service that is well. */
const well: Series = {
  processes: '2x120',
  'database_up{server="primary"}': '1x120',
  'redis_up{use="artefacts"}': '1x120',
  [answered('/anmelden', 200)]: '0+300x120',
  [answered('/health/ready', 503)]: '0+20x120',
  [answeredWithin('0.25')]: '0+300x120',
  [answeredWithin('2.5')]: '0+300x120',
  [answeredWithin('+Inf')]: '0+300x120',
  load_shedding: '0x120',
  password_hashing_waiting: '1x120',
  'event_loop_delay_seconds{percentile="99"}': '0.02x120',
  'database_pool_connections{state="waiting"}': '0x120',
  'messages_oldest_seconds{kind="sms"}': '1x120',
  'messages_oldest_seconds{kind="email"}': '20x120',
  'deliveries_total{kind="email",outcome="delivered"}': '0+10x120',
  'deliveries_total{kind="email",outcome="gave_up"}': '0x120',
  'mail_relay_failures_total{fault="credentials"}': '0x120',
  'mail_relay_failures_total{fault="away"}': '0x60 1x60',
  'mail_relay_failures_total{fault="defers"}': '0+10x120',
  'sms_gateway_away{gateway="first"}': '0x120',
  'smpp_bound{gateway="first"}': '1x120',
  'smpp_session_away_total{gateway="first",cause="credentials"}': '0x120',
  'sms_receipts_total{gateway="first",outcome="unmatched"}': '0x120',
  [event('mtan_sent')]: '0+10x120',
  [event('sign_in_succeeded')]: '0+9x120',
  [entered]: '0+9x120',
  'operator_alerts_total{kind="letter_returned"}': '0x120',
  'job_failures{name="print-hand-over"}': '0x120',
  'job_overdue_seconds{name="print-hand-over"}': '0x120',
  audit_stream_oldest_seconds: '60x120',
  'print_run_oldest_seconds{state="prepared"}': '3600x120',
  'key_age_days{use="encryption"}': '100x120',
}

/** What makes each alert fire, in the last twenty minutes of the two hours. */
const faults: Record<string, Series> = {
  NotReady: { processes: '2x100 _x20' },
  DatabaseAway: { 'database_up{server="primary"}': '1x100 0x20' },
  RedisAway: { 'redis_up{use="artefacts"}': '1x100 0x20' },
  ErrorRate: { [answered('/anmelden', 500)]: '0x100 0+10x20' },
  Latency: { [answeredWithin('0.25')]: '0+300x100 30000+270x20' },
  LoadShedding: { load_shedding: '0x100 1x20' },
  PasswordsWaiting: { password_hashing_waiting: '1x100 12x20' },
  EventLoop: { 'event_loop_delay_seconds{percentile="99"}': '0.02x100 0.7x20' },
  PoolExhausted: { 'database_pool_connections{state="waiting"}': '0x100 3x20' },
  SmsQueue: { 'messages_oldest_seconds{kind="sms"}': '1x100 70x20' },
  MessageQueue: { 'messages_oldest_seconds{kind="email"}': '20x100 1000x20' },
  DeliveriesGivenUp: { 'deliveries_total{kind="email",outcome="gave_up"}': '0x110 1x10' },
  MailRelayFault: { 'mail_relay_failures_total{fault="credentials"}': '0x110 1x10' },
  MailRelayAway: { 'mail_relay_failures_total{fault="away"}': '0x60 1x40 1+2x20' },
  SmsGatewayAway: { 'sms_gateway_away{gateway="first"}': '0x100 1x20' },
  SmppNotBound: { 'smpp_bound{gateway="first"}': '1x100 0x20' },
  SmppCredentialsRefused: {
    'smpp_session_away_total{gateway="first",cause="credentials"}': '0x112 1x8',
  },
  SmsReceiptsUnmatched: { 'sms_receipts_total{gateway="first",outcome="unmatched"}': '0x100 0+3x20' },
  SmsShareLow: { [entered]: '0+1x120' },
  OperatorAlert: { 'operator_alerts_total{kind="letter_returned"}': '0x110 1x10' },
  JobFailing: { 'job_failures{name="print-hand-over"}': '0x100 3x20' },
  JobOverdue: { 'job_overdue_seconds{name="print-hand-over"}': '0x100 4000x20' },
  AuditStreamBehind: { audit_stream_oldest_seconds: '60x100 1000x20' },
  PrintRunStuck: { 'print_run_oldest_seconds{state="prepared"}': '3600x100 90000x20' },
  KeyAge: { 'key_age_days{use="encryption"}': '401x120' },
  NoSignIn: { [event('sign_in_succeeded')]: '0x120' },
}

describe.skipIf(!hasPrometheus())('the alert rules, read by Prometheus', () => {
  const folder = mkdtempSync(join(tmpdir(), 'aok-alerts-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  /**
   * Expects exactly these alerts to fire `minutes` after the series begin.
   * @throws with what promtool says otherwise
   */
  function expectFiring(names: string[], series: Series, minutes = 120): void {
    const file = join(folder, 'test.json')
    const input = Object.entries({ ...well, ...series }).map(([name, values]) => ({ series: name, values }))
    const firing = {
      // Prometheus keeps the state of its alerts as a series.
      expr: 'count by (alertname) (ALERTS{alertstate="firing"})',
      eval_time: `${minutes}m`,
      exp_samples: names.map((name) => ({ labels: `{alertname="${name}"}`, value: 1 })),
    }
    const tests = [{ interval: '1m', input_series: input, promql_expr_test: [firing] }]
    writeFileSync(file, JSON.stringify({ rule_files: [rules], evaluation_interval: '1m', tests }))
    try {
      execFileSync('promtool', ['test', 'rules', file], { encoding: 'utf8', stdio: 'pipe' })
    } catch (error) {
      const { stdout, stderr } = error as { stdout: string; stderr: string }
      throw new Error(`${stdout}${stderr}`)
    }
  }

  it('are valid, and each is seen firing', () => {
    execFileSync('promtool', ['check', 'rules', rules], { stdio: 'pipe' })
    expect(Object.keys(faults)).toEqual(alerts)
  })

  it('are silent while the service is well', () => expectFiring([], {}))

  it.each(Object.entries(faults))('%s fires, and no other one', (name, series) => {
    // Midnight is the beginning: the hour of NoSignIn comes later.
    if (name === 'NoSignIn') return expectFiring([name], hoursOf(series, 9), 9 * 60)
    expectFiring([name], series)
  })

  it('NoSignIn lets the night be quiet', () => expectFiring([], { [event('sign_in_succeeded')]: '0x120' }))

  it('find the first fault after a start: what they count begins at zero', async () => {
    const metrics = createMetrics()
    const text = await metrics.text()
    metrics.close()
    for (const series of [
      'deliveries_total{kind="email",outcome="gave_up"}',
      'mail_relay_failures_total{fault="credentials"}',
      event('sign_in_succeeded'),
      event('mtan_sent'),
    ])
      expect(text).toContain(`${series} 0\n`)
    expect(text).toContain('operator_alerts_total{kind="letter_returned"} 0\n')
  })

  it('come with a scrape that Prometheus has nothing to say about', async () => {
    const metrics = createMetrics()
    const input = await metrics.text()
    metrics.close()
    expect(execFileSync('promtool', ['check', 'metrics'], { input, encoding: 'utf8', stdio: 'pipe' })).toBe('')
  })
})

/** The same series for more hours. */
function hoursOf(series: Series, hours: number): Series {
  const longer = (values: string) => values.replace(/x(\d+)$/, (_, count) => `x${Number(count) + (hours - 2) * 60}`)
  return Object.fromEntries(Object.entries({ ...well, ...series }).map(([name, values]) => [name, longer(values)]))
}
