import { type Measure, measures } from '../../stores/operation/daily-statistics.ts'
import { type CliCommand, UsageError } from '../frame.ts'
import { withServices } from '../with-services.ts'

/** Shows the counts of the last days; the job `daily-statistics` makes them at night. */
export const statisticsShow: CliCommand = {
  name: 'statistics:show',
  description: 'show the counts of the last days: registrations, activations, letters, sign-ins, deletions',
  define: (command) => command.option('--days <number>', 'how many days', '30'),
  run: (_args, options, io) =>
    withServices(io, async ({ operation: { statistics } }) => {
      const count = Number(options.days)
      if (!Number.isInteger(count) || count < 1) throw new UsageError('--days must be a whole number from 1 on.')
      const days = await statistics.lastDays(count)
      const names = Object.keys(measures) as Measure[]
      const head = ['day'.padEnd(10), ...names].join('  ')
      const lines = days.map((each) =>
        [each.day, ...names.map((name) => String(each[name]).padStart(name.length))].join('  '),
      )
      const text =
        days.length > 0 ? [head, ...lines].join('\n') : 'Nothing is counted yet; see jobs:run daily-statistics.'
      return { exitCode: 0, text, json: { days } }
    }),
}
