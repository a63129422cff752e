import type { KnipConfig } from 'knip'

/**
 * What nobody uses goes. Run twice (`check:unused`): once over everything, and with `--production` over what runs alone, where a `!` marks
 * its entrances and files: there a test keeps nothing alive.
 */
export default ({ production = false }): KnipConfig => ({
  entry: [
    'src/{main,cli/main}.ts!',
    'src/stores/database/embedded/{initdb,server}.ts!',
    'migrations/*.ts!',
    'public/**/*.js!',
    'scripts/**/*.{ts,mjs}',
    'test/**/*.ts',
  ],
  project: ['src/**/*.ts!', '!src/**/*.{test,test-support}.ts!', 'migrations/*.ts!', 'test/**/*.ts', 'scripts/**/*.ts'],
  ignoreDependencies: ['node', 'dejavu-fonts-ttf', ...(production ? [] : ['kubernetes-models', '@types/mailparser'])],
  // A function that its own file calls runs, and is exported so that a test may look at it alone.
  ignoreExportsUsedInFile: production || { interface: true, type: true },
})
