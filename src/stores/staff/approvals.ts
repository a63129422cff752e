import type { TwoPersonAct } from '../../domain/staff/two-persons.ts'
import type { Database } from '../database/database.ts'

export type Decision = 'approved' | 'refused' | 'withdrawn'

/** An act that one person has asked for; `details` is plain data of the act without personal data. */
export type Approval = {
  id: string
  act: TwoPersonAct
  subject: string
  details: Record<string, unknown>
  reason: string
  askedBy: string
  askedAt: Date
  expiresAt: Date
  decision: Decision | null
  decidedBy: string | null
  decidedAt: Date | null
}

type NewApproval = Omit<Approval, 'decision' | 'decidedBy' | 'decidedAt'>

/** Creates the store of acts that take two persons. */
export function createApprovalStore(db: Database) {
  const read = (row: Record<string, unknown>) =>
    ({
      ...{ id: row.id, act: row.act, subject: row.subject, details: row.details, reason: row.reason },
      ...{ askedBy: row.asked_by, askedAt: row.asked_at, expiresAt: row.expires_at },
      ...{ decision: row.decision, decidedBy: row.decided_by, decidedAt: row.decided_at },
    }) as Approval
  return {
    /** False when the same is asked for already. What nobody decided in time makes room. */
    async ask({ id, act, subject, details, reason, askedBy, askedAt, expiresAt }: NewApproval): Promise<boolean> {
      await db('approvals')
        .where({ act, subject })
        .whereNull('decision')
        .where('expires_at', '<=', askedAt)
        .update({ decision: 'withdrawn', decided_by: 'system', decided_at: askedAt })
      const row = { id, act, subject, details: JSON.stringify(details), reason }
      const rows = await db('approvals')
        .insert({ ...row, asked_by: askedBy, asked_at: askedAt, expires_at: expiresAt })
        .onConflict(db.raw('(act, subject) where decision is null') as never)
        .ignore()
        .returning('id')
      return rows.length === 1
    },
    /** `id` may be any text of an address. */
    async find(id: string): Promise<Approval | null> {
      const row = await db('approvals').whereRaw('id::text = ?', [id]).first()
      return row ? read(row) : null
    },
    /** What waits for a decision, the oldest first. */
    open: async (now: Date): Promise<Approval[]> =>
      (await db('approvals').whereNull('decision').where('expires_at', '>', now).orderBy('asked_at').orderBy('id')).map(
        read,
      ),
    /** What waits for a decision on one thing. */
    async openFor(act: TwoPersonAct, subject: string, now: Date): Promise<Approval | null> {
      const row = await db('approvals')
        .where({ act, subject })
        .whereNull('decision')
        .where('expires_at', '>', now)
        .first()
      return row ? read(row) : null
    },
    /** What was decided last, the newest first. */
    decided: async (limit: number): Promise<Approval[]> =>
      (await db('approvals').whereNotNull('decision').orderBy('decided_at', 'desc').limit(limit)).map(read),
    /**
     * Decides: of many at once one does. Nobody approves what he asked for, and only he takes it back.
     * Null when it is decided, too late, or not his to decide.
     */
    async decide(id: string, decision: Decision, by: string, now: Date): Promise<Approval | null> {
      const open = db('approvals').where({ id }).whereNull('decision').where('expires_at', '>', now)
      const his = decision === 'withdrawn' ? open.where('asked_by', by) : open.whereNot('asked_by', by)
      const [row] = await his.update({ decision, decided_by: by, decided_at: now }).returning('*')
      return row ? read(row) : null
    },
  }
}
