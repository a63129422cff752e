import type { CalendarDay } from '../../domain/calendar.ts'
import type { Database } from '../database/database.ts'

/** What is counted of each day, by the type of the audit event. */
export const measures = {
  registrations: 'registration_created',
  activations: 'registration_activated',
  letters_posted: 'letter_posted',
  first_sign_ins: 'account_activated',
  sign_ins: 'sign_in_succeeded',
  sign_in_failures: 'sign_in_failed',
  deletions: 'registration_deleted',
  accounts_ended: 'account_ended',
  mtans_sent: 'mtan_sent',
  messages_undeliverable: 'message_undeliverable',
} as const

export type Measure = keyof typeof measures
export type DayCounts = { day: CalendarDay } & Record<Measure, number>

const names = Object.keys(measures) as Measure[]

/** Ids that are read without a search for the time: so few are no work. */
const fewEvents = 10_000
/** An event takes its id before it is committed: neighbours may stand in another order than their times. */
const margin = 60 * 60 * 1000

/** Creates the store of counts per day: numbers from the audit log, no person in them. */
export function createDailyStatisticsStore(db: Database, few = fewEvents) {
  const end = async (order: 'asc' | 'desc') =>
    Number((await db('audit_events').orderBy('id', order).first('id'))?.id ?? 0)

  /** The id at which the events of a time begin, a little before it: found by halving, because the log is written in time. */
  async function idAt(time: Date): Promise<number> {
    let [low, high] = [await end('asc'), await end('desc')]
    while (high - low > few) {
      const middle = Math.floor((low + high) / 2)
      const event = await db('audit_events').where('id', '>=', middle).orderBy('id').first('at')
      if (event && event.at < time) low = middle
      else high = middle
    }
    return low
  }

  return {
    /** The last day that was counted, null before the first. */
    lastDay: async (): Promise<CalendarDay | null> =>
      (await db('daily_statistics').max('day as day').first())?.day ?? null,
    /** When the first audit event happened. */
    firstEventAt: async (): Promise<Date | null> => (await db('audit_events').orderBy('id').first('at'))?.at ?? null,
    /** Counts the events between two instants as those of `day`; counting again replaces. */
    async count(day: CalendarDay, from: Date, to: Date): Promise<void> {
      const first = await idAt(new Date(from.getTime() - margin))
      const last = (await idAt(new Date(to.getTime() + margin))) + few
      await db.raw(
        `insert into daily_statistics (day, measure, count)
         select ?::date, measure.name, coalesce(counted.n, 0)
         from unnest(?::text[], ?::text[]) as measure (name, type)
         left join (select type, count(*) as n from audit_events
           where id between ? and ? and at >= ? and at < ? group by type) counted
           on counted.type = measure.type
         on conflict (day, measure) do update set count = excluded.count`,
        [day, names, Object.values(measures), first, last, from, to],
      )
    },
    /** Lists the counts of the days from `first` on, oldest first. */
    async list(first: CalendarDay): Promise<DayCounts[]> {
      const rows = await db('daily_statistics').where('day', '>=', first).orderBy('day')
      const days = new Map<CalendarDay, DayCounts>()
      for (const row of rows) {
        const known = days.get(row.day) ?? {
          day: row.day,
          ...(Object.fromEntries(names.map((name) => [name, 0])) as Record<Measure, number>),
        }
        days.set(row.day, { ...known, [row.measure]: Number(row.count) })
      }
      return [...days.values()]
    },
  }
}
