import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    globalSetup: ['test/support/embedded-template.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Two at once: the suites share PostgreSQL, and the browser needs a core of its own.
    maxWorkers: 2,
    pool: 'forks',
  },
})
