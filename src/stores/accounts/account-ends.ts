import { accountMoves } from '../../domain/account-state.ts'
import { type Database, onceOnly } from '../database/database.ts'

/** A suspended account and when it was. */
export type SuspendedAccount = { id: string; since: Date }

/**
 * Takes away what other tables keep of accounts that are gone: messages that have left, with the hash of their recipient, and whose an SMS
 * was. What still has to go out goes, and is forgotten with its kind. Browsers, consents and links go by their reference.
 */
export async function forgetTraces(db: Database, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return
  await db('messages')
    .whereIn('account_id', ids)
    .where((done) => done.whereNotNull('delivered_at').orWhereNotNull('failed_at'))
    .delete()
  await db('messages').whereIn('account_id', ids).update({ account_id: null, recipient_hash: null })
  await db('sms_receipts').whereIn('account_id', ids).update({ account_id: null })
}

/** Creates the store of what becomes of accounts that nobody can sign in to any more. */
export function createAccountEndStore(db: Database) {
  const accounts = () => db('accounts')
  const before = (move: 'deleteEnded' | 'deleteSuspended') => accounts().whereIn('state', accountMoves[move].from)
  /** A letter about the end is still on its way. */
  const letterUnderWay = () =>
    db('unlock_letters')
      .whereRaw('unlock_letters.account_id = accounts.id')
      .whereIn('unlock_letters.state', ['requested', 'prepared'])
  return {
    /** Deletes accounts that ended before the instant; safe to run twice and in parallel. */
    async deleteEnded(endedBefore: Date, limit: number): Promise<string[]> {
      const due = before('deleteEnded')
        .where('state_changed_at', '<', endedBefore)
        .whereNotExists(letterUnderWay())
        .orderBy('state_changed_at')
        .limit(limit)
        .forUpdate()
        .skipLocked()
        .select('id')
      const rows = await before('deleteEnded').where(onceOnly(db, due)).delete('id')
      const ids = rows.map((row) => row.id)
      await forgetTraces(db, ids)
      return ids
    },
    /** Suspended accounts in the order of their ids; `after`: id of the last one seen. */
    async suspended(after: string | null, limit: number): Promise<SuspendedAccount[]> {
      const page = before('deleteSuspended').whereNotNull('active_since').orderBy('id').limit(limit)
      return await (after ? page.where('id', '>', after) : page).select('id', 'state_changed_at as since')
    },
    /** Deletes an account that is still suspended since then. */
    async deleteSuspended(id: string, since: Date): Promise<boolean> {
      const gone = await before('deleteSuspended')
        .where({ id, state_changed_at: since })
        .whereNotExists(letterUnderWay())
        .delete()
      if (gone === 1) await forgetTraces(db, [id])
      return gone === 1
    },
  }
}
