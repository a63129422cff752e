import type { Database } from '../../src/stores/database/database.ts'

/** Works as somebody who may switch the triggers of the database off. */
export const withoutTriggers = <T>(db: Database, work: (trx: Database) => Promise<T>): Promise<T> =>
  db.transaction(async (trx) => {
    await trx.raw('set local session_replication_role = replica')
    return await work(trx)
  })

/** Empties the audit log with everything that proves it, for the next test. */
export const emptyAuditLog = (db: Database): Promise<void> =>
  withoutTriggers(db, async (trx) => {
    for (const table of ['audit_events', 'audit_retentions', 'audit_heads', 'audit_counts']) await trx(table).delete()
  })
