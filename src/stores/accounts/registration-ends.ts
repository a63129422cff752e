import { insuranceNumberHashes } from '../../crypto/blind-index.ts'
import type { Protection } from '../../crypto/protection.ts'
import { accountMoves } from '../../domain/account-state.ts'
import type { CalendarDay } from '../../domain/calendar.ts'
import { type Database, onceOnly } from '../database/database.ts'
import { forgetTraces } from './account-ends.ts'

/** What becomes of registrations that nobody completes; part of the store of accounts. */
export function createRegistrationEnds(db: Database, { hash }: Protection) {
  const accounts = () => db('accounts')
  const before = (move: keyof typeof accountMoves) => accounts().whereIn('state', accountMoves[move].from)
  const forgotten = async (rows: { id: string }[]): Promise<string[]> => {
    const ids = rows.map(({ id }) => id)
    await forgetTraces(db, ids)
    return ids
  }
  return {
    /** Deletes the other registrations of a number; the account that became active stays. */
    async deleteOtherRegistrations(keepId: string, insuranceNumber: string): Promise<string[]> {
      const rows = await before('deleteOtherRegistrations')
        .whereIn('insurance_number_hash', insuranceNumberHashes(hash, insuranceNumber))
        .whereNot({ id: keepId })
        .whereNull('active_since')
        .delete('id')
      return await forgotten(rows)
    },
    /** Deletes registrations whose activation link ended before `today`; safe to run twice and in parallel. */
    async deleteNotActivated(today: CalendarDay, limit: number): Promise<string[]> {
      const due = before('deleteNotActivated')
        .where('activation_last_day', '<', today)
        .orderBy('activation_last_day')
        .limit(limit)
        .forUpdate()
        .skipLocked()
        .select('id')
      return await forgotten(await before('deleteNotActivated').where(onceOnly(db, due)).delete('id'))
    },
    /** Deletes registrations that were never signed in to and whose last code ended before `codeEndedBefore`. */
    async deleteNeverSignedIn(codeEndedBefore: CalendarDay, limit: number): Promise<string[]> {
      const letterUnderWay = db('unlock_letters')
        .whereRaw('unlock_letters.account_id = accounts.id')
        .whereIn('unlock_letters.state', ['requested', 'prepared'])
      const due = before('deleteNeverSignedIn')
        .whereNull('active_since')
        .where('code_last_day', '<', codeEndedBefore)
        .whereNotExists(letterUnderWay)
        .orderBy('code_last_day')
        .limit(limit)
        .forUpdate()
        .skipLocked()
        .select('id')
      return await forgotten(
        await before('deleteNeverSignedIn').where(onceOnly(db, due)).whereNull('active_since').delete('id'),
      )
    },
    /**
     * Claims the accounts to which the reminder of this number is due, counted from 1: registered before the instant, not reminded so
     * often. Answers their ids.
     */
    async claimActivationReminders(number: number, registeredBefore: Date, limit: number): Promise<string[]> {
      const due = accounts()
        .where({ state: 'pending_activation' })
        .where('activation_reminders', '<', number)
        .where('registered_at', '<', registeredBefore)
        .limit(limit)
        .forUpdate()
        .skipLocked()
        .select('id')
      const rows = await accounts()
        .where(onceOnly(db, due))
        .where('activation_reminders', '<', number)
        .update({ activation_reminders: number })
        .returning('id')
      return rows.map((row) => row.id)
    },
  }
}
