import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { restartDelay } from '../../src/process/cluster.ts'

const script = fileURLToPath(new URL('./faulty.test-support.ts', import.meta.url))
const run = (fault: string) => spawnSync(process.execPath, [script, fault], { encoding: 'utf8', timeout: 20_000 })

describe('a process', () => {
  it.each(['rejection', 'exception'])(
    'ends with what it has open and code 1 after a fault nobody caught (%s)',
    (fault) => {
      const { status, stdout } = run(fault)
      expect(stdout).toMatch(/"level":"fatal".*fault that nobody caught: the process ends/)
      expect(stdout).toContain('closed\n')
      expect(status).toBe(1)
    },
  )

  it('is cut off when its end takes too long', () => {
    const { status, stdout } = run('hang')
    expect(stdout).toContain('process did not end in time and is cut off')
    expect(status).toBe(1)
  })

  it('ends with code 0 on SIGTERM', () => {
    expect(run('signal')).toMatchObject({ status: 0 })
  })
})

it('replaces a dead process at once, and ever later while they die young', () => {
  expect([1, 2, 3, 4, 5, 6, 7, 8, 50].map(restartDelay)).toEqual([
    ...[0, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000],
  ])
})
