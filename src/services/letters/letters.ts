import { randomUUID } from 'node:crypto'
import type { Actor } from '../../audit/event.ts'
import { berlinDay, type CalendarDay } from '../../domain/calendar.ts'
import { type Deadlines, nextLetterAllowedAt } from '../../domain/deadlines.ts'
import { type LetterPurpose, type LetterPurposes, letterPurposes } from '../../domain/letters/purposes.ts'
import type { Account } from '../../stores/accounts/accounts.ts'
import type { Stores } from '../../stores/index.ts'
import type { UnitOfWork } from '../../stores/transaction.ts'

type Settings = { deadlines: Deadlines; purposes?: LetterPurposes }

export type LetterService = ReturnType<typeof createLetterService>

/** `happenedAt`: what the letter tells of; now unless it is told again. `actor`: usually the member. */
type Asking = { now: Date; actor?: Actor; happenedAt?: Date }

const day = 24 * 60 * 60 * 1000

/**
 * Creates the rules of who may have a letter when (mission.md, "Deadlines": at most 4 in 30 days, 24 hours apart). Each
 * registration counts its own letters: what others do with its number neither keeps its letter away nor shows in its dates
 * (docs/decisions/0022-envelopes.md).
 */
export function createLetterService({ deadlines, purposes = letterPurposes }: Settings) {
  const allowedAt = async (
    stores: Pick<Stores, 'letters'>,
    account: Account,
    now: Date,
    purpose: LetterPurpose = 'unlock_code',
  ) => {
    const since = new Date(now.getTime() - deadlines.letterLimit.windowDays * day)
    const earlier = await stores.letters.printTimes(account.id, since, purpose)
    return nextLetterAllowedAt(earlier, now, deadlines)
  }
  const request = async (
    unit: UnitOfWork,
    account: Account,
    purpose: LetterPurpose,
    { now, actor = 'member', happenedAt = now }: Asking,
  ): Promise<{ letterDay: CalendarDay }> => {
    const { limited, whenPosted } = purposes[purpose]
    // Without a limit nothing is compared, and nothing held: whoever follows an import asks for many in one transaction.
    if (limited) await unit.letters.lockNumber(account.insuranceNumberHashes)
    const printableFrom = limited ? await allowedAt(unit, account, now, purpose) : now
    await unit.letters.request({
      id: randomUUID(),
      accountId: account.id,
      // The key that writes now, not the one that the account was stored under: keys rotate.
      insuranceNumberHash: account.insuranceNumberHashes[0] ?? account.insuranceNumberHash,
      requestedAt: happenedAt,
      printableFrom,
      purpose,
    })
    const first = account.codeLastDay ? 'again' : 'first'
    await unit.audit.letterRequested({
      at: now,
      actor,
      accountId: account.id,
      purpose: whenPosted === 'firstSignInOpens' ? first : purpose,
    })
    return { letterDay: berlinDay(printableFrom) }
  }
  return {
    /** From when a further letter of the registration may be printed; `now` when at once. */
    allowedAt,
    /**
     * Asks for a letter. It goes with the next run, a limited one as soon as the limits of its account allow, whether the number
     * is known or not; what is printed, if anything, is decided then.
     */
    request,
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
      await unit.letters.lockNumber(found.flatMap((account) => account.insuranceNumberHashes))
      const stopped = await unit.letters.stopPrinted(letterId)
      if (stopped.length === 0) return 'not_printed'
      const days: CalendarDay[] = []
      for (const letter of stopped) {
        const account = accounts.get(letter.accountId ?? '')
        if (!account) continue
        await unit.audit.letterReprinted({ at: now, actor, accountId: account.id, letterId })
        const { purpose, requestedAt } = letter
        const happenedAt = purposes[purpose].reprint === 'repeated' ? requestedAt : now
        days.push((await request(unit, account, purpose, { now, actor, happenedAt })).letterDay)
      }
      const [letterDay] = days.sort()
      return letterDay ? { letterDay } : 'no_account'
    },
  }
}
