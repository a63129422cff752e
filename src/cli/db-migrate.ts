import { migrateAll } from '../app/schema.ts'
import { withContext } from './context.ts'
import type { CliCommand } from './frame.ts'

/** Brings the database schema to the newest version. */
export const dbMigrate: CliCommand = {
  name: 'db:migrate',
  description: 'bring the database schema to the newest version',
  run: (_args, _options, io) =>
    withContext(
      io,
      async ({ database }) => {
        const applied = await migrateAll(database)
        const text = applied.length === 0 ? 'The schema is up to date.' : `Applied: ${applied.join(', ')}.`
        return { exitCode: 0, text, json: { applied } }
      },
      { anySchema: true },
    ),
}
