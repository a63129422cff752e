import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { startPostgres } from '../../support/servers/postgres.ts'
import { createReport, type Report } from '../parts/report.ts'

const project = join(import.meta.dirname, '../../..')

/**
 * Runs a suite that `npm test` runs with a few kills, here with as many as asked for (`FAULT_ROUNDS`, else 100) and on a server of its
 * own: one part of the product alone can be killed in a second, where a whole installation needs many.
 */
export const suite = (name: string) => async (print: (line: string) => void) => {
  const kills = process.env.FAULT_ROUNDS ?? '100'
  const report = createReport(name, print)
  const postgres = await startPostgres()
  try {
    await report.round(`${kills} kills`, async () => {
      const code = await runSuite(`test/faults/${name}.test.ts`, {
        TEST_DATABASE_URL: postgres.url('postgres'),
        FAULT_KILLS: kills,
      })
      return code === 0 ? [] : [`the suite ended with ${code}; its output stands above`]
    })
    return report.end({ kills: Number(kills) }) satisfies Report
  } finally {
    await postgres.remove()
  }
}

function runSuite(file: string, variables: Record<string, string>): Promise<number | null> {
  const vitest = join(project, 'node_modules/vitest/vitest.mjs')
  // A suite knows no end for so many: a quarter of an hour for each hundred.
  const timeout = String(Math.ceil(Number(variables.FAULT_KILLS) / 100) * 900_000)
  const child = spawn(process.execPath, [vitest, 'run', '--reporter=dot', `--testTimeout=${timeout}`, file], {
    cwd: project,
    env: { ...process.env, ...variables },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  return new Promise((resolve) => child.once('exit', resolve))
}
