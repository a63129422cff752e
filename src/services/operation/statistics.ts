import { addDays, berlinDay, endOfDay, startOfDay } from '../../domain/calendar.ts'
import type { Clock } from '../../gateways/clock.ts'
import type { Stores } from '../../stores/index.ts'

/** Days that are counted again each time: an event may be committed late. */
const recounted = 3
/** Days that are counted at most, when nothing was counted before. */
const longest = 400

/** Creates the nightly counts per day of Berlin, from the audit log. */
export function createStatisticsService({ stores, clock }: { stores: Pick<Stores, 'dailyStatistics'>; clock: Clock }) {
  const { dailyStatistics } = stores
  return {
    /** The counts of the last days, today included, oldest first. */
    lastDays: (count: number) => dailyStatistics.list(addDays(berlinDay(clock.now()), 1 - count)),
    /** Counts the last days anew, and all that were missed since the last count; answers how many days. */
    async count(signal?: AbortSignal): Promise<number> {
      const today = berlinDay(clock.now())
      const firstEvent = await dailyStatistics.firstEventAt()
      const known = (await dailyStatistics.lastDay()) ?? berlinDay(firstEvent ?? clock.now())
      const wanted = [known, addDays(today, 1 - recounted)].sort()[0] ?? today
      let days = 0
      for (let day = [wanted, addDays(today, -longest)].sort()[1] ?? today; day <= today; day = addDays(day, 1)) {
        await dailyStatistics.count(day, startOfDay(day), endOfDay(day))
        days++
        if (signal?.aborted) break
      }
      return days
    },
  }
}
