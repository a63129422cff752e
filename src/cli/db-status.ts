import { schemaStatus } from '../stores/migrations.ts'
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
        const { applied, pending, newer } = await schemaStatus(database)
        const beyond = newer.length > 0 ? ` A newer version has added ${newer.join(', ')}.` : ''
        const json = { applied, pending, newer }
        if (pending.length === 0) return { exitCode: 0, text: `The schema is up to date.${beyond}`, json }
        return { exitCode: 1, text: `Pending: ${pending.join(', ')}. Run db:migrate.${beyond}`, json }
      },
      { anySchema: true },
    ),
}
