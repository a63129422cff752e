import type { ConsoleRoute } from '../visit.ts'

/** Counts of one day, by measure. */
type Day = { day: string } & Readonly<Record<string, number | string>>

/** What the room of statistics works with. */
export type Statistics = {
  /** The counts of the last days, oldest first; a day of the log is counted at night. */
  lastDays(count: number): Promise<Day[]>
}

const spans = [7, 30, 90, 365]

/** The way of a member, in its order; each is a part of the one before, some days later. */
const funnel = ['registrations', 'activations', 'letters_posted', 'first_sign_ins']
const plotted = ['sign_ins', 'sign_in_failures', 'mtans_sent', 'registrations']

const numberOf = (day: Day, measure: string) => Number(day[measure] ?? 0)

/** What the counts of the days show, drawn on the server: sums, the way of a member, and days beside each other. */
export function statisticsPages({ lastDays }: Statistics): ConsoleRoute[] {
  return [
    {
      method: 'get',
      path: '/statistics',
      right: 'statistics:read',
      async handle({ ctx, show }) {
        const asked = Number(ctx.query.days)
        const span = spans.includes(asked) ? asked : 30
        const days = await lastDays(span)
        const sum = (measure: string) => days.reduce((all, day) => all + numberOf(day, measure), 0)
        const begun = sum(funnel[0] ?? '')
        const model = {
          ...{ span, spans, days },
          funnel: funnel.map((measure) => ({ measure, count: sum(measure), share: begun ? sum(measure) / begun : 0 })),
          plots: plotted.map((measure) => ({ measure, sum: sum(measure), bars: barsOf(days, measure) })),
        }
        await show('statistics/days', { model })
      },
    },
  ]
}

const [width, height] = [600, 120]

/** Bars of a plot of 600 × 120 units, one for each day, over the largest of them. */
function barsOf(days: readonly Day[], measure: string) {
  const most = Math.max(1, ...days.map((day) => numberOf(day, measure)))
  const each = width / Math.max(1, days.length)
  return days.map((day, index) => {
    const count = numberOf(day, measure)
    const tall = (count / most) * height
    return { day: day.day, count, x: index * each, y: height - tall, width: Math.max(1, each - 1), height: tall }
  })
}
