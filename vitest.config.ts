import { defineConfig } from 'vitest/config'
import { SlowestFirst } from './test/support/machine/slowest-first.ts'

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    globalSetup: ['test/support/stores/database-templates.ts'],
    // Patience for a machine that is busy with something else; a test that waits for what never comes fails late, not seldom.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 30_000 } },
    // Much of a test is waiting for processes, servers and pages: one worker more than two cores keeps them busy.
    maxWorkers: 3,
    pool: 'forks',
    sequence: { sequencer: SlowestFirst },
  },
})
