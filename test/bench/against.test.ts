import { execFile } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { postgresUrl } from '../support/stores/database-templates.ts'
import { createCleanUps } from './subjects/clean-ups.ts'
import { checkOut, thisTree } from './subjects/revision.ts'

const run = promisify(execFile)
// A copy of the sources without their history has no other revision.
const withHistory = existsSync(join(thisTree, '.git'))
const withServers = !process.env.TEST_WITHOUT_POSTGRES && !process.env.TEST_WITHOUT_REDIS

it.runIf(withHistory)('another revision lies beside this one until the end', async () => {
  const cleanUps = createCleanUps()
  const { root } = await checkOut('HEAD', cleanUps)
  expect(existsSync(join(root, 'src/main.ts'))).toBe(true)
  expect(existsSync(join(root, 'node_modules/koa'))).toBe(true)
  await cleanUps.run()
  expect(existsSync(root)).toBe(false)
  expect((await run('git', ['-C', thisTree, 'worktree', 'list'])).stdout).not.toContain(root)
})

it.runIf(withHistory)('a revision that nobody knows is refused, and nothing stays', async () => {
  const cleanUps = createCleanUps()
  await expect(checkOut('no-such-revision', cleanUps)).rejects.toThrow(/no-such-revision/)
  await cleanUps.run()
})

it.runIf(withHistory && withServers)(
  'a row is measured on both, and its ratio told',
  async () => {
    const args = ['test/bench/run.ts', '--rows', 'import', '--import', '100', '--against', 'HEAD']
    const env = { ...process.env, DATABASE_URL: postgresUrl, REDIS_URL: process.env.TEST_REDIS_URL }
    const { stdout } = await run(process.execPath, args, { cwd: thisTree, env })
    const path = /written to (.+)/.exec(stdout)?.[1] ?? ''
    const { rows } = JSON.parse(readFileSync(path, 'utf8'))
    rmSync(path)
    expect(rows[0]).toMatchObject({ row: 'import' })
    const [first] = rows[0].figures
    expect(first.ratio).toBeCloseTo(first.value / first.against)
    expect(stdout).toMatch(/first file .* rows per second .* ratio \d/)
  },
  600_000,
)
