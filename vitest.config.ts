import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    globalSetup: ['test/support/database-templates.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Much of a test is waiting for processes, servers and pages: one worker more than two cores keeps them busy.
    maxWorkers: 3,
    pool: 'forks',
  },
})
