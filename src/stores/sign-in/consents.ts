import { deleteSome } from '../database/clean-up.ts'
import type { Database } from '../database/database.ts'

/** What a member lets a third-party application see; remembered until revoked. */
export type Consent = { accountId: string; clientId: string; scopes: string[]; grantedAt: Date; changedAt: Date }

export type ConsentStore = ReturnType<typeof createConsentStore>

const dayInMs = 24 * 60 * 60 * 1000

/** Creates the store of consents: one row per account and application. */
export function createConsentStore(db: Database) {
  const read = (row: Record<string, unknown>): Consent => ({
    accountId: row.account_id as string,
    clientId: row.client_id as string,
    scopes: row.scopes as string[],
    grantedAt: row.granted_at as Date,
    changedAt: row.changed_at as Date,
  })
  return {
    async find(accountId: string, clientId: string): Promise<Consent | null> {
      const row = await db('consents').where({ account_id: accountId, client_id: clientId }).first()
      return row ? read(row) : null
    },
    /** Finds what a sign-in relies on and notes, to the day, that it did. */
    async use(accountId: string, clientId: string, now: Date): Promise<Consent | null> {
      const found = await this.find(accountId, clientId)
      if (found)
        await db('consents')
          .where({ account_id: accountId, client_id: clientId })
          .where('last_used_at', '<', new Date(now.getTime() - dayInMs))
          .update({ last_used_at: now })
      return found
    },
    /** Forgets consents that nobody has relied on since the instant. */
    deleteUnusedSince: (before: Date) =>
      deleteSome(db, 'consents', (rows) => rows.where('last_used_at', '<', before).orderBy('last_used_at')),
    /** Every application the member consented to, oldest first. */
    async list(accountId: string): Promise<Consent[]> {
      const rows = await db('consents').where({ account_id: accountId }).orderBy('granted_at')
      return rows.map(read)
    },
    /** Adds `scopes` to what was consented before, in one statement. */
    async grant(consent: { accountId: string; clientId: string; scopes: readonly string[]; now: Date }): Promise<void> {
      const { accountId, clientId, scopes, now } = consent
      await db.raw(
        `insert into consents (account_id, client_id, scopes, granted_at, changed_at, last_used_at) values (?, ?, ?, ?, ?, ?)
        on conflict (account_id, client_id) do update set changed_at = excluded.changed_at, last_used_at = excluded.last_used_at,
          scopes = array(select distinct unnest(consents.scopes || excluded.scopes) order by 1)`,
        [accountId, clientId, [...new Set(scopes)].sort(), now, now, now],
      )
    },
    /** Takes the consent back; false when there was none. */
    async revoke(accountId: string, clientId: string): Promise<boolean> {
      return (await db('consents').where({ account_id: accountId, client_id: clientId }).delete()) > 0
    },
  }
}
