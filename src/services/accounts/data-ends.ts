import { addDays, addMonths, berlinDay, type CalendarDay, isPast, startOfDay } from '../../domain/calendar.ts'
import { type Deadlines, suspendedAccountLastDay } from '../../domain/deadlines.ts'
import type { Clock } from '../../gateways/clock.ts'
import type { SuspendedAccount } from '../../stores/accounts/account-ends.ts'
import type { Stores } from '../../stores/index.ts'
import type { PersonCursor } from '../../stores/register/person-ends.ts'
import type { Transaction, UnitOfWork } from '../../stores/transaction.ts'
import { inBatches } from '../operation/in-batches.ts'
import { collectFaults, inTurn } from '../parts.ts'
import { asSeenByInsurer } from './standing.ts'

type Settings = { stores: Stores; transaction: Transaction; clock: Clock; deadlines: Deadlines }

/** Rows per transaction, so that a job never holds many locks for long. */
const batch = 200

/**
 * Creates the work that ends what nobody uses any more (docs/operate/data-protection.md); each answers how many rows it dealt with. An
 * account goes before its person: as long as one refers to the other, the register keeps it.
 */
export function createDataEnds(settings: Settings) {
  return {
    /** Deletes accounts that have ended, or were suspended until their coverage and every grace was over. */
    deleteEndedAccounts: (signal?: AbortSignal): Promise<number> =>
      inTurn([() => deleteEndedAccounts(settings, signal), () => deleteSuspendedAccounts(settings, signal)]),
    /** Deletes persons of the register long after coverage or death. */
    deleteEndedPersons: (signal?: AbortSignal) => deleteEndedPersons(settings, signal),
  }
}

function deleteEndedAccounts({ transaction, clock, deadlines }: Settings, signal?: AbortSignal): Promise<number> {
  return inBatches(
    () =>
      transaction(async (unit) => {
        const at = clock.now()
        const before = startOfDay(addDays(berlinDay(at), -deadlines.endedAccountDays))
        const deleted = await unit.accountEnds.deleteEnded(before, batch)
        for (const accountId of deleted) await unit.audit.accountDeleted({ at, accountId, reason: 'ended' })
        return deleted.length
      }),
    batch,
    signal,
  )
}

async function deleteSuspendedAccounts(settings: Settings, signal?: AbortSignal): Promise<number> {
  const faults = collectFaults()
  let done = 0
  for (let after: string | null = null; !signal?.aborted; ) {
    const page: SuspendedAccount[] = await settings.stores.accountEnds.suspended(after, batch)
    for (const each of page)
      if (await settings.transaction((unit) => deleteIfOver(settings, unit, each)).catch(faults.leaveOut)) done++
    after = page.at(-1)?.id ?? null
    if (page.length < batch || after === null) break
  }
  return faults.end(done)
}

async function deleteIfOver({ clock, deadlines }: Settings, unit: UnitOfWork, { id, since }: SuspendedAccount) {
  const at = clock.now()
  const account = await unit.accounts.find(id)
  if (!account) return false
  await unit.insuredPersons.hold(account.insuranceNumber)
  const person = asSeenByInsurer(await unit.insuredPersons.findByInsuranceNumber(account.insuranceNumber), account)
  const lastDay = suspendedAccountLastDay(person, since, deadlines)
  if (lastDay === null || !isPast(lastDay, at)) return false
  if (!(await unit.accountEnds.deleteSuspended(account.id, since))) return false
  await unit.audit.accountDeleted({ at, accountId: account.id, reason: 'suspended_until_its_end' })
  return true
}

async function deleteEndedPersons({ stores, clock, deadlines }: Settings, signal?: AbortSignal): Promise<number> {
  const before: CalendarDay = addMonths(berlinDay(clock.now()), -deadlines.personMonthsAfterEnd)
  let done = 0
  for (let after: PersonCursor | null = null; !signal?.aborted; ) {
    const { deleted, last }: { deleted: number; last: PersonCursor | null } = await stores.personEnds.deleteEnded(
      before,
      after,
      batch,
    )
    done += deleted
    if (!last) break
    after = last
  }
  return done
}
