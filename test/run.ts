import { spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromiumPath } from './support/machine/chromium.ts'
import {
  hasOpenssl,
  hasPostgresClient,
  hasPrometheus,
  hasRedisPrograms,
  ownProcessNumbers,
  postgresPrograms,
  sshdPath,
} from './support/machine/programs.ts'

/**
 * Runs every suite the machine can run and ends with one line `N passed, N failed, N skipped`.
 * With `CI=true` nothing may be skipped: a missing server or browser is a failure.
 */
const report = join(tmpdir(), `test-report-${process.pid}.json`)

type Need = { name: string; suites: string; met: () => Promise<boolean>; variable?: string }

const needs: Need[] = [
  {
    name: 'PostgreSQL at TEST_DATABASE_URL (default postgres://postgres@127.0.0.1:5432/postgres)',
    suites: 'store contracts and races on PostgreSQL',
    met: () => reachable(process.env.TEST_DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres', 5432),
    variable: 'TEST_WITHOUT_POSTGRES',
  },
  {
    name: 'Redis at TEST_REDIS_URL (default redis://127.0.0.1:6379)',
    suites: 'OIDC adapter on Redis',
    met: () => reachable(process.env.TEST_REDIS_URL ?? 'redis://127.0.0.1:6379', 6379),
    variable: 'TEST_WITHOUT_REDIS',
  },
  {
    name: 'Chromium (CHROMIUM_PATH, or chromium-headless-shell or chromium on the PATH)',
    suites: 'browser journeys, accessibility, screenshots',
    met: async () => chromiumPath() !== undefined,
    variable: 'TEST_WITHOUT_CHROMIUM',
  },
  // Servers that tests start by themselves.
  {
    name: 'the programs of a PostgreSQL server (PG_BIN, or Debian’s packages)',
    suites: 'fail-over of PostgreSQL, an installation with faults',
    met: async () => postgresPrograms() !== undefined,
  },
  {
    name: 'pg_dump and pg_restore on the PATH',
    suites: 'backup',
    met: async () => hasPostgresClient(),
  },
  {
    name: 'redis-server and redis-cli on the PATH',
    suites: 'Redis that is away, fails over, by Sentinel and Cluster',
    met: async () => hasRedisPrograms(),
  },
  {
    name: 'an OpenSSH server (SSHD_PATH, or /usr/sbin/sshd)',
    suites: 'letters by SFTP, an installation with faults',
    met: async () => sshdPath() !== undefined,
  },
  {
    name: 'openssl on the PATH',
    suites: 'TLS of Redis, SMTP and SMPP, an installation with faults',
    met: async () => hasOpenssl(),
  },
  {
    name: 'unshare on the PATH and the right to use it',
    suites: 'two containers on one data folder',
    met: async () => ownProcessNumbers !== undefined,
  },
  {
    name: 'prometheus and promtool on the PATH',
    suites: 'metrics, alert rules and board, read by Prometheus',
    met: async () => hasPrometheus(),
  },
]

function reachable(address: string, usual: number): Promise<boolean> {
  const { hostname, port } = new URL(address)
  return new Promise((resolve) => {
    const socket = createConnection({ host: hostname, port: Number(port) || usual, timeout: 2000 })
    const answer = (met: boolean) => {
      socket.destroy()
      resolve(met)
    }
    socket.on('connect', () => answer(true))
    socket.on('error', () => answer(false))
    socket.on('timeout', () => answer(false))
  })
}

const given = process.argv.slice(2).filter((argument) => argument !== '--quick')
/** The quick lane: rules, stores and services on PostgreSQL, without what waits for servers that come and go. */
const quick = process.argv.includes('--quick')
const lane = quick ? ['src/', 'test/stores/', 'test/services/', '--exclude', '**/*fail-over.test.ts'] : []

const missing: Need[] = []
for (const need of needs) if (!(await need.met())) missing.push(need)

const environment = {
  ...process.env,
  ...(quick && { TEST_QUICK: 'true' }),
  ...Object.fromEntries(missing.flatMap(({ variable }) => (variable ? [[variable, 'true']] : []))),
}
const vitest = join(import.meta.dirname, '../node_modules/vitest/vitest.mjs')
const run = spawn(
  process.execPath,
  [
    ...[vitest, 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`],
    ...['--reporter=test/support/machine/slowest-files.ts', ...lane, ...given],
  ],
  { stdio: 'inherit', env: environment },
)
const code = await new Promise<number>((resolve) => run.on('exit', (status) => resolve(status ?? 1)))

type Report = {
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  testResults: { status: string; assertionResults: unknown[] }[]
}
const result: Report = existsSync(report)
  ? JSON.parse(readFileSync(report, 'utf8'))
  : { numPassedTests: 0, numFailedTests: 1, numPendingTests: 0, testResults: [] }
rmSync(report, { force: true })

// A file that breaks before its first test has no failed test to count.
const brokenFiles = result.testResults.filter(
  (file) => file.status === 'failed' && file.assertionResults.length === 0,
).length
let failed = result.numFailedTests + brokenFiles
const skipped = result.numPendingTests
for (const need of missing) console.log(`skipped: ${need.suites}; needs ${need.name}`)
if (process.env.CI === 'true' && (missing.length > 0 || skipped > 0)) {
  console.log('CI=true: nothing may be skipped')
  failed += missing.length + skipped
}
if (code !== 0 && failed === 0) failed = 1
console.log(`${result.numPassedTests} passed, ${failed} failed, ${skipped} skipped`)
process.exitCode = failed > 0 ? 1 : 0
