import { hashToken } from '../../crypto/field-encryption.ts'
import type { CalendarDay } from '../../domain/calendar.ts'
import { deleteSome } from '../database/clean-up.ts'
import type { Database } from '../database/database.ts'

/** What a link leads to; `accountId` is empty once the registration has been deleted. */
export type ActivationLink = { accountId: string | null; lastDay: CalendarDay; usedAt: Date | null }

/** Creates the store of activation links. Rows outlive the registration, so that a late visitor learns what happened. */
export function createActivationLinkStore(db: Database) {
  const links = () => db('activation_links')
  return {
    /** `token` is 256 random bits; only its hash is stored. */
    issue: (token: string, accountId: string, lastDay: CalendarDay) =>
      links().insert({ token_hash: hashToken(token), account_id: accountId, last_day: lastDay }),
    async find(token: string): Promise<ActivationLink | null> {
      const row = await links()
        .where({ token_hash: hashToken(token) })
        .first()
      return row ? { accountId: row.account_id, lastDay: row.last_day, usedAt: row.used_at } : null
    },
    /** Marks the link as used; `false` when somebody did before. */
    use: async (token: string, now: Date) =>
      (await links()
        .where({ token_hash: hashToken(token), used_at: null })
        .update({ used_at: now })) === 1,
    /** Forgets links that ended before `day`. */
    deleteEndedBefore: (day: CalendarDay) =>
      deleteSome(db, 'activation_links', (rows) => rows.where('last_day', '<', day).orderBy('last_day')),
  }
}
