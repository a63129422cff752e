import { withServices } from '../app/operator.ts'
import type { Services } from '../app/services.ts'
import { berlinDay } from '../domain/calendar.ts'
import type { Clock } from '../gateways/clock.ts'
import { withContext } from './context.ts'
import type { CliCommand, CliIo, CliResult } from './frame.ts'
import { UsageError } from './frame.ts'

type Work = (services: Services, clock: Clock) => Promise<CliResult>

const withPrintRuns = (io: CliIo, work: Work) =>
  withContext(io, ({ config, database, clock }) =>
    withServices({ config, knex: database, clock }, (services) => work(services, clock)),
  )

/** Lists the print runs that are not done. */
const list: CliCommand = {
  name: 'print-runs:list',
  description: 'list the print runs that are prepared or released',
  run: (_args, _options, io) =>
    withPrintRuns(io, async ({ printRuns }) => {
      const runs = (await printRuns.list(['prepared', 'released'])).map(({ pdf: _pdf, ...run }) => run)
      const lines = runs.map(
        (run) => `${run.id}  ${run.state}  posting day ${run.postingDay}  ${run.letterCount} letters`,
      )
      return { exitCode: 0, text: lines.join('\n') || 'No print run is open.', json: { runs } }
    }),
}

/** Puts the waiting letters into a run. */
const prepare: CliCommand = {
  name: 'print-runs:prepare',
  description: 'put the letters that may be printed now into a run',
  define: (command) => command.option('--posting-day <day>', 'planned posting day, YYYY-MM-DD (default: today)'),
  run: (_args, options, io) =>
    withPrintRuns(io, async ({ printRuns }, clock) => {
      const postingDay = String(options.postingDay ?? berlinDay(clock.now()))
      if (!/^\d{4}-\d{2}-\d{2}$/.test(postingDay)) throw new UsageError('--posting-day must look like 2027-03-12.')
      if (postingDay < berlinDay(clock.now())) throw new UsageError('--posting-day lies in the past.')
      const runId = await printRuns.prepare(postingDay)
      return { exitCode: 0, text: runId ? `Run ${runId} is prepared.` : 'No letter waits.', json: { runId } }
    }),
}

/** A command that moves one run by its id. */
function move(
  name: string,
  description: string,
  work: (services: Services, runId: string) => Promise<string>,
): CliCommand {
  return {
    name,
    description,
    define: (command) => command.argument('<run id>', 'from print-runs:list'),
    run: (args, _options, io) =>
      withPrintRuns(io, async (services) => {
        const runId = args[0] ?? ''
        if (!/^[0-9a-f-]{36}$/.test(runId)) throw new UsageError('The run id looks like 0b8c5a3e-….')
        const result = await work(services, runId)
        const done = ['released', 'posted', 'cancelled'].includes(result)
        const text = done
          ? `Run ${runId} is ${result}.`
          : `Run ${runId} cannot be moved: ${result}. See print-runs:list.`
        return { exitCode: done ? 0 : 1, text, json: { runId, result } }
      }),
  }
}

export const printRunCommands: CliCommand[] = [
  list,
  prepare,
  move('print-runs:release', 'hand a prepared run to the print shop', async ({ printRuns }, runId) =>
    (await printRuns.release(runId)) ? 'released' : 'not prepared',
  ),
  move(
    'print-runs:post',
    'confirm that a released run is in the post; its 30 days begin',
    async ({ printRuns }, runId) => {
      const result = await printRuns.post(runId)
      if (result === 'too_early') return 'its planned posting day has not come yet'
      if (result === 'slipped') return 'the planned posting day has passed; it is cancelled, prepare a new run'
      return result === 'posted' ? 'posted' : 'not released'
    },
  ),
  move('print-runs:cancel', 'call a run back; its letters wait for the next one', async ({ printRuns }, runId) =>
    (await printRuns.cancel(runId, 'operator')) ? 'cancelled' : 'already posted or cancelled',
  ),
]
