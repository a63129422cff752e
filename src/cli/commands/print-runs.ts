import { addDays, isPast } from '../../domain/calendar.ts'
import type { Clock } from '../../gateways/clock.ts'
import type { PrintActor, PrintRunService } from '../../services/letters/print-runs.ts'
import { type CliCommand, type CliResult, UsageError } from '../frame.ts'
import { withServices } from '../with-services.ts'
import { operatorOf, withOperator } from './operators.ts'

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Lists the print runs that are not done. */
const list: CliCommand = {
  name: 'print-runs:list',
  description: 'list the print runs that are collecting, prepared or released, or over and not told to the print shop',
  run: (_args, _options, io) =>
    withServices(io, async ({ letters: { printRuns } }) => {
      const waiting = await printRuns.countWaiting()
      const open = await printRuns.list(['collecting', 'prepared', 'released'])
      const runs = [...open, ...(await printRuns.notWithdrawn())].map(describe)
      const lines = runs.map((run) =>
        [run.id, run.state, run.postingDay ? `posting day ${run.postingDay}` : `until ${run.collectsUntil}`]
          .concat(run.state === 'collecting' ? [] : [`${run.letters} letters`, `${run.sheets} sheets`])
          .concat(run.preparedBy ? [`prepared by ${run.preparedBy}`] : [])
          .concat(run.handedOver ? ['with the print shop'] : [])
          .concat(run.notWithdrawn ? [`the print shop does not know: ${run.notWithdrawn}`] : [])
          .join('  '),
      )
      const text = [...lines, `${waiting} letters wait for a run.`].join('\n')
      return { exitCode: 0, text, json: { runs, waiting } }
    }),
}

type Run = Awaited<ReturnType<PrintRunService['list']>>[number]

const describe = (run: Run) => ({
  id: run.id,
  state: run.state,
  collectsUntil: run.collectsUntil?.toISOString() ?? null,
  postingDay: run.postingDay,
  letters: run.letterCount,
  letterCount: run.letterCount,
  sheets: run.sheetCount,
  kinds: run.kinds,
  preparedBy: run.preparedBy,
  releasedBy: run.releasedBy,
  handedOver: run.handedOverAt !== null,
  notWithdrawn: run.withdrawal && run.withdrawalFault,
})

function isDay(text: string): boolean {
  try {
    return addDays(text, 0) === text
  } catch {
    return false
  }
}

const day = (value: unknown, option: string) => {
  if (value === undefined) return undefined
  if (!isDay(String(value))) throw new UsageError(`${option} must be a day and look like 2027-03-12.`)
  return String(value)
}

/** Puts the waiting letters into a run. */
const prepare: CliCommand = {
  name: 'print-runs:prepare',
  description: 'put the letters that may be printed now into a run; somebody else has to release it',
  define: (command) =>
    withOperator(command).option(
      '--posting-day <day>',
      'planned posting day, YYYY-MM-DD (default: the next of the calendar)',
    ),
  run: async (_args, options, io) => {
    const actor = operatorOf(options, io)
    return await withServices(io, async ({ letters: { printRuns } }, { clock }) => {
      const postingDay = day(options.postingDay, '--posting-day') ?? printRuns.plannedPostingDay()
      if (isPast(postingDay, clock.now())) throw new UsageError('--posting-day lies in the past.')
      const runId = await printRuns.prepare(postingDay, actor)
      const text = runId ? `Run ${runId} is prepared, posting day ${postingDay}.` : 'No letter waits.'
      return { exitCode: 0, text, json: { runId, ...(runId && { postingDay }) } }
    })
  },
}

type Move = {
  printRuns: PrintRunService
  clock: Clock
  runId: string
  actor: PrintActor
  options: Record<string, unknown>
}

/** A command that moves one run by its id. */
function move(
  name: string,
  description: string,
  work: (move: Move) => Promise<string>,
  define: CliCommand['define'] = (command) => command,
): CliCommand {
  return {
    name,
    description,
    define: (command) => define(withOperator(command.argument('<run id>', 'from print-runs:list'))),
    run: async (args, options, io) => {
      const actor = operatorOf(options, io)
      const runId = args[0] ?? ''
      if (!uuid.test(runId)) throw new UsageError('The run id looks like 0b8c5a3e-….')
      return await withServices(io, async ({ letters: { printRuns } }, { clock }) => {
        const result = await work({ printRuns, clock, runId, actor, options })
        const done = ['released', 'posted', 'cancelled'].includes(result)
        const left = (await printRuns.notWithdrawn()).find(({ id }) => id === runId)
        if (left?.withdrawal) return notWithdrawn(left, result)
        const text = done
          ? `Run ${runId} is ${result}.`
          : `Run ${runId} cannot be moved: ${result}. See print-runs:list.`
        return { exitCode: done ? 0 : 1, text, json: { runId, result } }
      })
    },
  }
}

/** The run is over here and not there: somebody has to pick up the phone. */
function notWithdrawn({ id, withdrawal, withdrawalFault }: Run, result: string): CliResult {
  const state = withdrawal ?? 'cancelled'
  const said = {
    cancelled: 'Tell it by phone that the run must not be posted, and have its files deleted.',
    posted: 'Have its files deleted there.',
  }[state]
  const text = `Run ${id} is ${state}, but the print shop could not be told, or did not let its files be deleted (${withdrawalFault}). ${said} It is tried again.`
  return { exitCode: 1, text, json: { runId: id, result, state, notWithdrawn: withdrawalFault } }
}

const releaseAnswers = {
  same_person: 'you have prepared it; somebody else has to release it',
  same_account:
    'it was prepared with the account or token that you use; somebody else has to release it with one of his own (docs/operate/letters.md)',
  not_handed_over: 'it is released, but could not be handed over; that is tried again by itself, the log says why',
  refused: 'it is not prepared',
} as const

const release = move('print-runs:release', 'let a prepared run go to the print shop', async (given) => {
  const result = await given.printRuns.release(given.runId, given.actor)
  return result === 'released' ? result : releaseAnswers[result]
})

const postAnswers = {
  too_early: 'its planned posting day has not come yet',
  slipped: 'it was not posted on its planned day; it is cancelled, destroy the letters and prepare a new run',
  refused: 'it is not released, or not with the print shop',
} as const

const post = move(
  'print-runs:post',
  'confirm that a released run is in the post; its 30 days begin',
  async ({ printRuns, clock, runId, actor, options }) => {
    const postedOn = day(options.postedOn, '--posted-on')
    const run = (await printRuns.list(['released'])).find((open) => open.id === runId)
    if (!postedOn && run?.postingDay && isPast(run.postingDay, clock.now()))
      return `its planned day was ${run.postingDay}; say with --posted-on on which day it was posted`
    const result = await printRuns.post(runId, actor, postedOn)
    return result === 'posted' ? result : postAnswers[result]
  },
  (command) => command.option('--posted-on <day>', 'day on which it was posted, YYYY-MM-DD (default: today)'),
)

const cancel = move('print-runs:cancel', 'call a run back; its letters wait for the next one', async (given) =>
  (await given.printRuns.cancel(given.runId, 'operator', given.actor))
    ? 'cancelled'
    : 'it collects, or is posted or cancelled already',
)

export const printRunCommands: CliCommand[] = [list, prepare, release, post, cancel]
