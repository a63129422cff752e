import { lastMigrations, RollbackRefused, rollback } from '../stores/migrations.ts'
import { withContext } from './context.ts'
import { type CliCommand, UsageError } from './frame.ts'

/** Undoes the newest migrations; without `--yes` it only tells which. */
export const dbRollback: CliCommand = {
  name: 'db:rollback',
  description: 'undo the newest migrations with everything that they added',
  define: (command) =>
    command
      .option('--steps <count>', 'how many migrations', '1')
      .option('--yes', 'really do it: tables and columns that they added go with their data'),
  run: (_args, { steps, yes }, io) => {
    if (!/^[1-9]\d?$/.test(String(steps))) throw new UsageError('--steps must be a number from 1 to 99.')
    return withContext(
      io,
      async ({ database }) => {
        const names = await lastMigrations(database, Number(steps))
        if (names.length === 0) return { exitCode: 0, text: 'Nothing is applied.', json: { undone: [] } }
        if (!yes)
          return {
            exitCode: 1,
            text: `Would undo ${names.join(', ')}; what they added is lost. Make a backup, then add --yes.`,
            json: { undone: [], would: names },
          }
        try {
          const undone = await rollback(database, Number(steps))
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
