import { migrateAll } from '../../app/start/schema.ts'
import { lastMigrations, RollbackRefused, rollback, schemaStatus } from '../../stores/database/migrations.ts'
import { type CliCommand, UsageError } from '../frame.ts'
import { withServices } from '../with-services.ts'

/** Brings the database schema to the newest version. */
const migrate: CliCommand = {
  name: 'db:migrate',
  description: 'bring the database schema to the newest version',
  run: (_args, _options, io) =>
    withServices(
      io,
      async (_services, { knex }) => {
        const applied = await migrateAll(knex)
        const text = applied.length === 0 ? 'The schema is up to date.' : `Applied: ${applied.join(', ')}.`
        return { exitCode: 0, text, json: { applied } }
      },
      { anySchema: true },
    ),
}

/** Tells whether migrations are pending; exit code 1 when some are. */
const status: CliCommand = {
  name: 'db:status',
  description: 'tell which migrations are pending; exit code 1 when some are',
  run: (_args, _options, io) =>
    withServices(
      io,
      async (_services, { knex }) => {
        const { applied, pending, newer } = await schemaStatus(knex)
        const beyond = newer.length > 0 ? ` A newer version has added ${newer.join(', ')}.` : ''
        const json = { applied, pending, newer }
        if (pending.length === 0) return { exitCode: 0, text: `The schema is up to date.${beyond}`, json }
        return { exitCode: 1, text: `Pending: ${pending.join(', ')}. Run db:migrate.${beyond}`, json }
      },
      { anySchema: true },
    ),
}

/** Undoes the newest migrations; without `--yes` it only tells which. */
const undoNewest: CliCommand = {
  name: 'db:rollback',
  description: 'undo the newest migrations with everything that they added',
  define: (command) =>
    command
      .option('--steps <count>', 'how many migrations', '1')
      .option('--yes', 'really do it: tables and columns that they added go with their data'),
  run: (_args, { steps, yes }, io) => {
    if (!/^[1-9]\d?$/.test(String(steps))) throw new UsageError('--steps must be a number from 1 to 99.')
    return withServices(
      io,
      async (_services, { knex }) => {
        const names = await lastMigrations(knex, Number(steps))
        if (names.length === 0) return { exitCode: 0, text: 'Nothing is applied.', json: { undone: [] } }
        if (!yes)
          return {
            exitCode: 1,
            text: `Would undo ${names.join(', ')}; what they added is lost. Make a backup, then add --yes.`,
            json: { undone: [], would: names },
          }
        try {
          const undone = await rollback(knex, Number(steps))
          return { exitCode: 0, text: `Undone: ${undone.join(', ')}.`, json: { undone } }
        } catch (error) {
          if (!(error instanceof RollbackRefused)) throw error
          return { exitCode: 1, text: error.message, json: { undone: [], refused: error.message } }
        }
      },
      { anySchema: true },
    )
  },
}

export const databaseCommands: CliCommand[] = [migrate, status, undoNewest]
