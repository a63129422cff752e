import { randomUUID } from 'node:crypto'
import type { Actor } from '../audit/event.ts'
import { berlinDay, type CalendarDay } from '../domain/calendar.ts'
import { type Deadlines, nextLetterAllowedAt } from '../domain/deadlines.ts'
import type { Account } from '../stores/accounts.ts'
import type { Stores } from '../stores/index.ts'
import type { Letter, NoticePurpose } from '../stores/letters.ts'
import type { UnitOfWork } from '../stores/transaction.ts'

export type LetterService = ReturnType<typeof createLetterService>

const day = 24 * 60 * 60 * 1000

/**
 * Creates the rules of who may have a letter when (mission.md, "Deadlines": at most 4 in 30 days, 24 hours apart). Each
 * registration counts its own letters: what others do with its number neither keeps its letter away nor shows in its dates
 * (docs/decisions/0022-envelopes.md).
 */
export function createLetterService({ deadlines }: { deadlines: Deadlines }) {
  const allowedAt = async (stores: Stores, account: Account, now: Date) => {
    const since = new Date(now.getTime() - deadlines.letterLimit.windowDays * day)
    const earlier = await stores.letters.printTimes(account.id, since)
    return nextLetterAllowedAt(earlier, now, deadlines)
  }
  const request = async (unit: UnitOfWork, account: Account, now: Date): Promise<{ letterDay: CalendarDay }> => {
    await unit.letters.lockNumber(account.insuranceNumberHashes)
    const printableFrom = await allowedAt(unit, account, now)
    await unit.letters.request({
      id: randomUUID(),
      accountId: account.id,
      // The key that writes now, not the one that the account was stored under: keys rotate.
      insuranceNumberHash: account.insuranceNumberHashes[0] ?? account.insuranceNumberHash,
      requestedAt: now,
      printableFrom,
    })
    await unit.audit.letterRequested({
      at: now,
      accountId: account.id,
      purpose: account.codeLastDay ? 'again' : 'first',
    })
    return { letterDay: berlinDay(printableFrom) }
  }
  const requestNotice = async (
    unit: UnitOfWork,
    account: Account,
    purpose: NoticePurpose,
    { now, actor, happenedAt = now }: { now: Date; actor: Actor; happenedAt?: Date },
  ): Promise<void> => {
    await unit.letters.request({
      id: randomUUID(),
      accountId: account.id,
      insuranceNumberHash: account.insuranceNumberHashes[0] ?? account.insuranceNumberHash,
      requestedAt: happenedAt,
      printableFrom: now,
      purpose,
    })
    await unit.audit.letterRequested({ at: now, actor, accountId: account.id, purpose })
  }
  return {
    /** From when a further letter of the registration may be printed; `now` when at once. */
    allowedAt,
    /**
     * Asks for a letter with an unlock code. The first goes with the next run, a further one as soon as the limits of the
     * registration allow, whether the number is known or not.
     */
    request,
    /**
     * Asks for a letter without a code that tells the member what happened to the account. It goes with the next run to the
     * person of the register, if there is one by then. No lock is held here: whoever follows an import asks for many in one
     * transaction.
     */
    requestNotice,
    /**
     * Stops what a damaged or lost envelope held and asks for another one, with codes of its own for the registrations that are
     * still there; their limits count both. `not_printed`: nothing of it that could still be used has been printed. `no_account`:
     * its registrations are gone, and nothing follows.
     */
    async reprint(
      unit: UnitOfWork,
      letterId: string,
      { actor, now }: { actor: Actor; now: Date },
    ): Promise<{ letterDay: CalendarDay } | 'not_printed' | 'no_account'> {
      const held = await unit.letters.findInEnvelope(letterId)
      const found = await unit.accounts.findMany(held.flatMap(({ accountId }) => accountId ?? []))
      const accounts = new Map(found.map((account) => [account.id, account]))
      // The number before its letters, as the first sign-in does.
      await unit.runLetters.lockNumbers(found.flatMap((account) => account.insuranceNumberHashes))
      const stopped = await unit.letters.stopPrinted(letterId)
      if (stopped.length === 0) return 'not_printed'
      const days: CalendarDay[] = []
      for (const letter of stopped) {
        const account = accounts.get(letter.accountId ?? '')
        if (!account) continue
        await unit.audit.letterReprinted({ at: now, actor, accountId: account.id, letterId })
        days.push(await askAgain(unit, account, letter, { actor, now }))
      }
      const [letterDay] = days.sort()
      return letterDay ? { letterDay } : 'no_account'
    },
  }

  /** A notice tells when it happened: that is when the first one was asked for. */
  async function askAgain(
    unit: UnitOfWork,
    account: Account,
    { purpose, requestedAt }: Letter,
    { actor, now }: { actor: Actor; now: Date },
  ): Promise<CalendarDay> {
    if (purpose === 'unlock_code') return (await request(unit, account, now)).letterDay
    await requestNotice(unit, account, purpose, { now, actor, happenedAt: requestedAt })
    return berlinDay(now)
  }
}
