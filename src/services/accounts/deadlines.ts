import { addDays, addMonths, berlinDay, isPast, startOfDay } from '../../domain/calendar.ts'
import {
  activationRemindersDue,
  type Deadlines,
  neverSignedInSince,
  remindedCodeLastDay,
} from '../../domain/deadlines.ts'
import type { Clock } from '../../gateways/clock.ts'
import { cleanUpBatch } from '../../stores/database/clean-up.ts'
import type { Stores } from '../../stores/index.ts'
import type { Transaction } from '../../stores/transaction.ts'
import type { MailService } from '../messages/mails.ts'
import { inBatches } from '../operation/in-batches.ts'
import { collectFaults, inTurn } from '../parts.ts'

type Settings = {
  stores: Stores
  transaction: Transaction
  clock: Clock
  deadlines: Deadlines
  mails: MailService
}

/** Rows per transaction, so that a job never holds many locks for long. */
const batch = 200

/**
 * Creates the work that keeps the deadlines of mission.md; each answers how many rows it dealt with. Safe to run twice and
 * in parallel, because each row is claimed by one guarded statement.
 */
export function createDeadlineTasks(settings: Settings) {
  return {
    remindOfActivation: (signal?: AbortSignal) => remindOfActivation(settings, signal),
    deleteNotActivated: (signal?: AbortSignal) => deleteNotActivated(settings, signal),
    remindOfUnlockCode: (signal?: AbortSignal) => remindOfUnlockCode(settings, signal),
    deleteNeverSignedIn: (signal?: AbortSignal) => deleteNeverSignedIn(settings, signal),
    forgetEnded: (signal?: AbortSignal) => forgetEnded(settings, signal),
  }
}

async function remindOfActivation(
  { transaction, clock, deadlines, mails }: Settings,
  signal?: AbortSignal,
): Promise<number> {
  const faults = collectFaults()
  let done = 0
  // The latest first: after an outage a person gets one reminder, not all that were missed.
  for (const { number, registeredBefore } of activationRemindersDue(berlinDay(clock.now()), deadlines)) {
    done += await inBatches(
      () =>
        transaction(async (unit) => {
          const now = clock.now()
          const due = await unit.accounts.claimActivationReminders(number, registeredBefore, batch)
          for (const account of await unit.accounts.findMany(due, faults.add))
            if (!isPast(account.activationLastDay, now))
              await mails.sendActivationLink(unit, account, 'activationReminder', now, number)
          return due.length
        }),
      batch,
      signal,
    )
  }
  return faults.end(done)
}

function deleteNotActivated({ transaction, clock }: Settings, signal?: AbortSignal): Promise<number> {
  return inBatches(
    () =>
      transaction(async (unit) => {
        const now = clock.now()
        const deleted = await unit.accounts.deleteNotActivated(berlinDay(now), batch)
        for (const accountId of deleted)
          await unit.audit.registrationDeleted({ at: now, accountId, reason: 'not_activated' })
        return deleted.length
      }),
    batch,
    signal,
  )
}

async function remindOfUnlockCode(
  { transaction, clock, deadlines, mails }: Settings,
  signal?: AbortSignal,
): Promise<number> {
  const faults = collectFaults()
  const done = await inBatches(
    () =>
      transaction(async (unit) => {
        const now = clock.now()
        const today = berlinDay(now)
        const lastDay = remindedCodeLastDay(today, deadlines)
        const due = await unit.letters.claimReminders(lastDay, today, now, batch)
        const ids = due.flatMap(({ accountId }) => accountId ?? [])
        const found = await unit.accounts.findMany(ids, faults.add)
        const accounts = new Map(found.map((account) => [account.id, account]))
        for (const letter of due) {
          const account = accounts.get(letter.accountId ?? '')
          // A newer letter is under way or has a later end: this one needs no reminder.
          if (account?.state !== 'letter_posted' || account.codeLastDay !== letter.lastDay) continue
          await mails.send(unit, account, 'codeReminder', { lastDay: letter.lastDay ?? today }, now)
        }
        return due.length
      }),
    batch,
    signal,
  )
  return faults.end(done)
}

function deleteNeverSignedIn({ transaction, clock, deadlines }: Settings, signal?: AbortSignal): Promise<number> {
  return inBatches(
    () =>
      transaction(async (unit) => {
        const now = clock.now()
        const since = neverSignedInSince(berlinDay(now), deadlines)
        const deleted = await unit.accounts.deleteNeverSignedIn(since, batch)
        for (const accountId of deleted)
          await unit.audit.registrationDeleted({ at: now, accountId, reason: 'never_signed_in' })
        return deleted.length
      }),
    batch,
    signal,
  )
}

/** What nobody needs any more goes: entered data, counters, codes, links, delivered messages. */
async function forgetEnded({ stores, clock, deadlines }: Settings, signal?: AbortSignal): Promise<number> {
  const now = clock.now()
  const today = berlinDay(now)
  const ago = (hours: number) => new Date(now.getTime() - hours * 60 * 60 * 1000)
  const works = [
    () => stores.journeys.blankExpired(now),
    () => stores.journeys.deleteExpiredBefore(ago(deadlines.abandonedRegistrationHours)),
    () => stores.codes.deleteIssuedBefore(ago(48)),
    () => stores.rateLimits.deleteEnded(now.getTime()),
    () => stores.browsers.deleteExpiredLinks(now),
    () => stores.messages.deleteCreatedBefore(ago(24 * deadlines.messageDays)),
    () => stores.smsReceipts.deleteSentBefore(ago(24 * deadlines.smsReceiptDays)),
    () => stores.letters.deleteOrphans(ago(24 * (deadlines.letterLimit.windowDays + 1))),
    () => stores.activationLinks.deleteEndedBefore(addMonths(berlinDay(now), -deadlines.endedLinkMonths)),
    () => stores.browsers.deleteUnusedSince(startOfDay(addDays(today, -deadlines.unusedBrowserDays))),
    () => stores.consents.deleteUnusedSince(startOfDay(addDays(today, -deadlines.unusedConsentDays))),
    () => stores.memberLooks.deleteLookedBefore(ago(24)),
    () => stores.returnedLetters.deleteReturnedBefore(startOfDay(addMonths(today, -deadlines.returnedLetterMonths))),
  ]
  return await inTurn(works.map((work) => () => inBatches(work, cleanUpBatch, signal)))
}
