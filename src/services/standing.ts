import { berlinDay } from '../domain/calendar.ts'
import type { Deadlines } from '../domain/deadlines.ts'
import { signInStanding } from '../domain/eligibility.ts'
import type { Account } from '../stores/accounts.ts'
import type { Stores } from '../stores/index.ts'
import type { UnitOfWork } from '../stores/transaction.ts'

/** What the register means for an account today. */
export type StandingChange =
  | { change: 'none' }
  | { change: 'suspend'; reason: 'deceased' | 'guardian' }
  | { change: 'resume'; reason: 'deceased' | 'guardian' }
  | { change: 'end' }

export type StandingService = ReturnType<typeof createStandingService>

/** Creates the rules that follow the register, applied at an import and at every sign-in (mission.md, "The register changes"). */
export function createStandingService({ deadlines }: { deadlines: Deadlines }) {
  return {
    /** Decides only; nothing is written. Accounts that were never active are not judged: only the letter may tell. */
    async review(stores: Pick<Stores, 'insuredPersons'>, account: Account, now: Date): Promise<StandingChange> {
      if (!account.activeSince) return { change: 'none' }
      const person = await stores.insuredPersons.findByInsuranceNumber(account.insuranceNumber)
      return decide(account, signInStanding(person, berlinDay(now), deadlines))
    },
    /** Writes the decision and its audit event. */
    async apply(unit: UnitOfWork, account: Account, decision: StandingChange, now: Date): Promise<void> {
      const event = { at: now, accountId: account.id }
      if (decision.change === 'suspend' && (await unit.accounts.suspend(account.id, decision.reason, now)))
        await unit.audit.accountSuspended({ ...event, reason: decision.reason })
      if (decision.change === 'resume' && (await unit.accounts.resume(account.id, decision.reason, now)))
        await unit.audit.accountResumed(event)
      if (decision.change === 'end' && (await unit.accounts.end(account.id, now))) await unit.audit.accountEnded({ ...event, reason: 'coverage_over' })
    },
  }
}

function decide(account: Account, standing: ReturnType<typeof signInStanding>): StandingChange {
  const held = account.suspensionReason
  if (standing === 'deceased' || standing === 'guardian')
    return account.state === 'suspended' ? { change: 'none' } : { change: 'suspend', reason: standing }
  if (account.state === 'suspended' && (held === 'deceased' || held === 'guardian'))
    return { change: 'resume', reason: held }
  if (standing === 'coverage_over' || standing === 'unknown')
    return account.state === 'ended' ? { change: 'none' } : { change: 'end' }
  return { change: 'none' }
}
