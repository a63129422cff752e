import { randomUUID } from 'node:crypto'
import type { Actor } from '../audit/event.ts'
import { berlinDay, type CalendarDay } from '../domain/calendar.ts'
import { type Deadlines, nextLetterAllowedAt } from '../domain/deadlines.ts'
import type { Account } from '../stores/accounts.ts'
import type { Stores } from '../stores/index.ts'
import type { UnitOfWork } from '../stores/transaction.ts'
import type { NoticePurpose } from '../stores/unlock-letters.ts'

export type LetterService = ReturnType<typeof createLetterService>

const day = 24 * 60 * 60 * 1000

/** Creates the rules of who may have a letter when (mission.md, "Deadlines": at most 4 in 30 days, 24 hours apart). */
export function createLetterService({ deadlines }: { deadlines: Deadlines }) {
  const allowedAt = async (stores: Stores, account: Account, now: Date) => {
    const since = new Date(now.getTime() - deadlines.letterLimit.windowDays * day)
    const earlier = await stores.unlockLetters.printTimes(account.insuranceNumberHashes, since)
    return nextLetterAllowedAt(earlier, now, deadlines)
  }
  const request = async (unit: UnitOfWork, account: Account, now: Date): Promise<{ letterDay: CalendarDay }> => {
    await unit.unlockLetters.lockNumber(account.insuranceNumberHashes)
    const printableFrom = await allowedAt(unit, account, now)
    await unit.unlockLetters.request({
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
    await unit.unlockLetters.request({
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
    /** From when a further letter of the account's number may be printed; `now` when at once. */
    allowedAt,
    /**
     * Asks for a letter with an unlock code. It is printed as soon as the limits of its insurance number allow,
     * whether the number is known or not.
     */
    request,
    /**
     * Asks for a letter without a code that tells the member what happened to the account. It goes to the person of the
     * register, if there is one by then; the limits count it when it enters a run, so no lock is held here: whoever
     * follows an import asks for many in one transaction.
     */
    requestNotice,
    /**
     * Stops a printed letter that was damaged or lost and asks for another one with a code of its own; the limits count
     * both. `not_printed`: no such letter whose code could still be used has been printed. `no_account`: its registration
     * is gone, and nothing follows.
     */
    async reprint(
      unit: UnitOfWork,
      letterId: string,
      { actor, now }: { actor: Actor; now: Date },
    ): Promise<{ letterDay: CalendarDay } | 'not_printed' | 'no_account'> {
      const accountId = (await unit.unlockLetters.find(letterId))?.accountId
      const account = accountId ? await unit.accounts.find(accountId) : null
      // The number before its letters, as the first sign-in does.
      if (account) await unit.unlockLetters.lockNumber(account.insuranceNumberHashes)
      const letter = await unit.unlockLetters.stopPrinted(letterId)
      if (!letter) return 'not_printed'
      if (!account) return 'no_account'
      await unit.audit.letterReprinted({ at: now, actor, accountId: account.id, letterId })
      if (letter.purpose === 'unlock_code') return await request(unit, account, now)
      // The notice tells when it happened: that is when the first one was asked for.
      await requestNotice(unit, account, letter.purpose, { now, actor, happenedAt: letter.requestedAt })
      return { letterDay: berlinDay(now) }
    },
  }
}
