import { hashToken } from '../../crypto/field-encryption.ts'
import { deleteSome } from '../database/clean-up.ts'
import type { Database } from '../database/database.ts'
import { writerOf } from '../database/writes.ts'

const dayInMs = 24 * 60 * 60 * 1000

/** Creates the store of browsers known to an account (security.md, "sign-in failures") and of links that make one known. */
export function createBrowserStore(db: Database) {
  const browsers = () => db('known_browsers')
  const links = () => db('browser_links')
  const write = writerOf(db)
  return {
    /** `browser` is the random id in the browser's signed cookie; only its hash is stored. `false`: it was known before, and used again. */
    makeKnown: async (accountId: string, browser: string, now: Date): Promise<boolean> => {
      const [noted] = await write(
        browsers()
          .insert({ account_id: accountId, browser_hash: hashToken(browser), known_since: now, last_used_at: now })
          .onConflict(['account_id', 'browser_hash'])
          .merge(['last_used_at'])
          // Once a day is enough to tell that somebody uses it.
          .where('known_browsers.last_used_at', '<', new Date(now.getTime() - dayInMs))
          // A row that was there bears the mark of the transaction that changes it.
          .returning(db.raw('known_browsers.xmax = 0 as added') as never),
      )
      return noted?.added === true
    },
    isKnown: async (accountId: string, browser: string) =>
      (await browsers()
        .where({ account_id: accountId, browser_hash: hashToken(browser) })
        .first('account_id')) !== undefined,
    /** Since when each browser is known, and when it was last signed in with, to the day; the last used first. */
    list: async (accountId: string, limit: number): Promise<{ knownSince: Date; lastUsedAt: Date }[]> =>
      (await browsers().where({ account_id: accountId }).orderBy('last_used_at', 'desc').limit(limit)).map((row) => ({
        knownSince: row.known_since,
        lastUsedAt: row.last_used_at,
      })),
    /** Forgets a browser; `false` when the account did not know it. */
    forget: async (accountId: string, browser: string) =>
      (await browsers()
        .where({ account_id: accountId, browser_hash: hashToken(browser) })
        .delete()) > 0,
    issueLink: (token: string, accountId: string, expiresAt: Date) =>
      links().insert({ token_hash: hashToken(token), account_id: accountId, expires_at: expiresAt }),
    isLinkUsable: async (token: string, now: Date) =>
      (await links()
        .where({ token_hash: hashToken(token), used_at: null })
        .where('expires_at', '>', now)
        .first()) !== undefined,
    /** Uses the link up and names its account; `null` when it is unknown, used or expired. */
    async useLink(token: string, now: Date): Promise<string | null> {
      const [row] = await links()
        .where({ token_hash: hashToken(token), used_at: null })
        .where('expires_at', '>', now)
        .update({ used_at: now })
        .returning('account_id')
      return row?.account_id ?? null
    },
    /** Forgets browsers that nobody has signed in with since the instant. */
    deleteUnusedSince: (before: Date) =>
      deleteSome(db, 'known_browsers', (rows) => rows.where('last_used_at', '<', before).orderBy('last_used_at')),
    deleteExpiredLinks: (now: Date) =>
      deleteSome(db, 'browser_links', (rows) => rows.where('expires_at', '<', now).orderBy('expires_at')),
  }
}
