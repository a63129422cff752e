import { hashToken } from '../../crypto/field-encryption.ts'
import { deleteSome } from '../database/clean-up.ts'
import type { Database } from '../database/database.ts'

/** That a session of the console may see an account, for which reason, and whether the caller has proven who it is. */
export type MemberLook = { reason: string; lookedAt: Date; identifiedAt: Date | null }

/** Creates the store of accounts that were looked up; `session`: the id of a session of the console, kept as hash. */
export function createMemberLookStore(db: Database) {
  const looks = () => db('member_looks')
  const key = (session: string, accountId: string) => ({ session_hash: hashToken(session), account_id: accountId })
  return {
    /** Notes a look. Another one begins its time anew, and whoever calls has to be identified anew. */
    note: async (session: string, accountId: string, reason: string, now: Date): Promise<void> => {
      await looks()
        .insert({ ...key(session, accountId), reason, looked_at: now })
        .onConflict(['session_hash', 'account_id'])
        .merge({ reason, looked_at: now, identified_at: null })
    },
    /** The look of this session, if it was after `since`. */
    async find(session: string, accountId: string, since: Date): Promise<MemberLook | null> {
      const row = await looks().where(key(session, accountId)).where('looked_at', '>', since).first()
      return row ? { reason: row.reason, lookedAt: row.looked_at, identifiedAt: row.identified_at } : null
    },
    /** The caller gave the right answer. */
    identified: (session: string, accountId: string, now: Date) =>
      looks().where(key(session, accountId)).update({ identified_at: now }),
    deleteLookedBefore: (before: Date) =>
      deleteSome(db, 'member_looks', (rows) => rows.where('looked_at', '<', before).orderBy('looked_at')),
  }
}
