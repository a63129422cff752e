import { addDays, addMonths, berlinDay } from '../../domain/calendar.ts'
import type { Deadlines } from '../../domain/deadlines.ts'
import type { Clock } from '../../gateways/clock.ts'
import type { Stores } from '../../stores/index.ts'
import type { Transaction } from '../../stores/transaction.ts'
import type { StandingService } from '../accounts/standing.ts'
import { collectFaults } from '../parts.ts'

type Settings = {
  stores: Pick<Stores, 'coverageCandidates'>
  transaction: Transaction
  standing: StandingService
  clock: Clock
  deadlines: Deadlines
  /** Accounts looked at per statement. */
  pageSize?: number
}

/**
 * Creates the nightly check of active accounts against the register: death, guardian, and coverage over for longer than the grace count
 * also where nobody signs in and no import changes the person (mission.md, "Coverage is checked"). The database
 * finds the few candidates; only those are opened. Answers how many accounts changed.
 */
export function createCoverageCheck({ stores, transaction, standing, clock, deadlines, pageSize = 5000 }: Settings) {
  async function follow(accountId: string): Promise<boolean> {
    return await transaction(async (unit) => {
      const account = await unit.accounts.find(accountId)
      if (account?.state !== 'active') return false
      return (await standing.follow(unit, account, clock.now())).change !== 'none'
    })
  }
  return async (signal?: AbortSignal): Promise<number> => {
    // Three days of room: months differ in length. Who is found too early is decided by the rule itself.
    const coveredTo = addDays(addMonths(berlinDay(clock.now()), -deadlines.coverageGraceMonths), 3)
    const faults = collectFaults()
    let changed = 0
    for (let after: string | null = null; ; ) {
      const page = await stores.coverageCandidates.next(coveredTo, after, pageSize)
      for (const id of page.candidates) {
        if (await follow(id).catch(faults.leaveOut)) changed++
        if (signal?.aborted) return faults.end(changed)
      }
      if (!page.last) return faults.end(changed)
      after = page.last
    }
  }
}
