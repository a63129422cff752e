import { hashToken } from '../../crypto/field-encryption.ts'
import { deleteSome } from '../database/clean-up.ts'
import type { Database } from '../database/database.ts'

/** Ends of a session, in seconds: without use, in any case. */
export type SessionEnds = { idle: number; most: number }

export type StaffSession = { staffId: string; createdAt: Date; provedAt: Date }

/** Creates the store of sessions at the console; ids are random and kept as hashes. */
export function createStaffSessionStore(db: Database) {
  const sessions = () => db('staff_sessions')
  const open = (id: string, now: Date, { idle, most }: SessionEnds) =>
    sessions()
      .where({ id_hash: hashToken(id) })
      .whereNull('ended_at')
      .where('seen_at', '>', new Date(now.getTime() - idle * 1000))
      .where('created_at', '>', new Date(now.getTime() - most * 1000))
  return {
    async begin(id: string, { staffId, browser }: { staffId: string; browser: string }, now: Date): Promise<void> {
      const times = { created_at: now, seen_at: now, proved_at: now }
      await sessions().insert({ id_hash: hashToken(id), staff_id: staffId, browser_hash: hashToken(browser), ...times })
    },
    /** The session while it lives; its idle time begins anew. */
    async use(id: string, now: Date, ends: SessionEnds): Promise<StaffSession | null> {
      const [row] = await open(id, now, ends)
        .update({ seen_at: db.raw('greatest(seen_at, ?)', [now]) })
        .returning(['staff_id', 'created_at', 'proved_at'])
      return row ? { staffId: row.staff_id, createdAt: row.created_at, provedAt: row.proved_at } : null
    },
    /** Notes that the second factor was shown again. */
    prove: (id: string, now: Date) =>
      sessions()
        .where({ id_hash: hashToken(id) })
        .update({ proved_at: now }),
    end: async (id: string, now: Date): Promise<boolean> =>
      (await sessions()
        .where({ id_hash: hashToken(id) })
        .whereNull('ended_at')
        .update({ ended_at: now })) === 1,
    /** Ends every session of somebody. */
    endAll: (staffId: string, now: Date) =>
      sessions().where({ staff_id: staffId }).whereNull('ended_at').update({ ended_at: now }),
    /** Ends every session of somebody but this one. */
    endOthers: (staffId: string, id: string, now: Date) =>
      sessions()
        .where({ staff_id: staffId })
        .whereNot({ id_hash: hashToken(id) })
        .whereNull('ended_at')
        .update({ ended_at: now }),
    /** Whether somebody has signed in from this browser since `since`. */
    isKnownBrowser: async (staffId: string, browser: string, since: Date): Promise<boolean> =>
      (await sessions()
        .where({ staff_id: staffId, browser_hash: hashToken(browser) })
        .where('created_at', '>', since)
        .first('staff_id')) !== undefined,
    deleteBegunBefore: (before: Date) =>
      deleteSome(db, 'staff_sessions', (rows) => rows.where('created_at', '<', before)),
  }
}
