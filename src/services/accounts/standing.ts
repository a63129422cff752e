import { addDays, berlinDay } from '../../domain/calendar.ts'
import type { Deadlines } from '../../domain/deadlines.ts'
import { type InsuredPerson, signInStanding } from '../../domain/register/eligibility.ts'
import type { Account } from '../../stores/accounts/accounts.ts'
import type { UnitOfWork } from '../../stores/transaction.ts'
import type { LetterService } from '../letters/letters.ts'

/** What the register means for an account today. */
export type StandingChange =
  | { change: 'none' }
  | { change: 'suspend'; reason: 'deceased' | 'guardian' }
  | { change: 'resume'; reason: 'deceased' | 'guardian' }
  | { change: 'end' }
  | { change: 'reopen' }

export type StandingService = ReturnType<typeof createStandingService>

/** Creates the rules that follow the register, applied at an import and at every sign-in (mission.md, "The register changes"). */
export function createStandingService({
  deadlines,
  letters,
}: {
  deadlines: Deadlines
  letters: Pick<LetterService, 'request'>
}) {
  /**
   * Decides only; nothing is written. An account that was never active is not judged before the code of its letter
   * was entered (`codeEntered`): only the letter may tell whether a number is known.
   */
  function judge(
    account: Account,
    person: InsuredPerson | null,
    now: Date,
    { codeEntered = false } = {},
  ): StandingChange {
    const proven = account.activeSince || codeEntered || account.state === 'suspended'
    if (!proven) return { change: 'none' }
    const standing = signInStanding(asSeenByInsurer(person, account), berlinDay(now), deadlines)
    return decide(account, standing)
  }

  async function apply(unit: UnitOfWork, account: Account, decision: StandingChange, now: Date): Promise<void> {
    const event = { at: now, accountId: account.id }
    if (decision.change === 'suspend' && (await unit.accounts.suspend(account.id, decision.reason, now)))
      await unit.audit.accountSuspended({ ...event, reason: decision.reason })
    if (decision.change === 'resume' && (await unit.accounts.resume(account.id, decision.reason, now)))
      await unit.audit.accountResumed(event)
    if (decision.change === 'end' && (await unit.accounts.end(account.id, now))) {
      await unit.audit.accountEnded({ ...event, reason: 'coverage_over' })
      await letters.request(unit, account, 'account_ended', { now, actor: 'system' })
    }
    if (decision.change === 'reopen') {
      // Beside a first sign-in of the same number: the unique index sees one key's hash only while keys rotate.
      await unit.letters.lockNumber(account.insuranceNumberHashes)
      if (await unit.accounts.reopen(account.id, account.insuranceNumber, now)) await unit.audit.accountResumed(event)
    }
  }

  return {
    judge,
    /**
     * Decides again and writes the decision with its audit event. The person is held meanwhile: an import that changes it waits,
     * or has been read.
     */
    async follow(unit: UnitOfWork, account: Account, now: Date, options = {}): Promise<StandingChange> {
      await unit.insuredPersons.hold(account.insuranceNumber)
      const found = await unit.accounts.findWithPerson(account.id)
      const current = found?.account ?? account
      const decision = judge(current, found?.person ?? null, now, options)
      await apply(unit, current, decision, now)
      return decision
    },
  }
}

function decide(account: Account, standing: ReturnType<typeof signInStanding>): StandingChange {
  const held = account.suspensionReason
  // Staff suspend and staff resume, and what two of them ended stays ended; the register never lifts that.
  if (account.state === 'suspended' && held === 'staff') return { change: 'none' }
  if (account.state === 'ended' && account.endReason === 'staff') return { change: 'none' }
  if (standing === 'deceased' || standing === 'guardian')
    return account.state === 'suspended' ? { change: 'none' } : { change: 'suspend', reason: standing }
  if (account.state === 'suspended' && (held === 'deceased' || held === 'guardian'))
    return { change: 'resume', reason: held }
  if (standing === 'coverage_over' || standing === 'unknown')
    return account.state === 'ended' ? { change: 'none' } : { change: 'end' }
  return account.state === 'ended' ? { change: 'reopen' } : { change: 'none' }
}

/** Shows a person who moved to another insurer as the account's one sees it: coverage ended the day before. */
export function asSeenByInsurer(person: InsuredPerson | null, account: Account): InsuredPerson | null {
  if (!person || person.insurerNumber === account.insurerNumber) return person
  return { ...person, coverageTo: addDays(person.coverageFrom, -1) }
}
