import { pendingMigrations } from '../stores/database.ts'
import { withContext } from './context.ts'
import type { CliCommand } from './frame.ts'

/** Tells whether migrations are pending; exit code 1 when some are. */
export const dbStatus: CliCommand = {
  name: 'db:status',
  description: 'tell which migrations are pending; exit code 1 when some are',
  run: (_args, _options, io) =>
    withContext(
      io,
      async ({ database }) => {
        const pending = await pendingMigrations(database)
        if (pending.length === 0) return { exitCode: 0, text: 'The schema is up to date.', json: { pending } }
        return { exitCode: 1, text: `Pending: ${pending.join(', ')}. Run db:migrate.`, json: { pending } }
      },
      { anySchema: true },
    ),
}
