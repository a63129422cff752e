import { defineConfig } from 'vitest/config'
import { SlowestFirst } from './test/support/machine/slowest-first.ts'

/** Tests that put something else in the place of a module: for them alone, so in a process of their own. */
const replacing = ['test/cli/with-services.test.ts']

export default defineConfig({
  test: {
    globalSetup: ['test/support/stores/database-templates.ts'],
    setupFiles: ['test/support/machine/left-open.ts'],
    // Patience for a machine that is busy with something else; a test that waits for what never comes fails late, not seldom.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 30_000 } },
    // Much of a test is waiting for processes, servers and pages: one worker more than two cores keeps them busy.
    maxWorkers: 3,
    pool: 'forks',
    sequence: { sequencer: SlowestFirst },
    projects: [
      {
        extends: true,
        // Files follow one another in a process: loading the application again for each took a third of the time of all.
        test: {
          name: 'shared',
          include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: replacing,
          isolate: false,
        },
      },
      { extends: true, test: { name: 'apart', include: replacing } },
    ],
  },
})
