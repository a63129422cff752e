import { randomUUID } from 'node:crypto'
import type { Actor } from '../../audit/event.ts'
import { daysToDecide, type TwoPersonAct } from '../../domain/staff/two-persons.ts'
import { Abandon } from '../../errors.ts'
import type { Clock } from '../../gateways/clock.ts'
import type { Stores } from '../../stores/index.ts'
import type { Approval } from '../../stores/staff/approvals.ts'
import type { Transaction, UnitOfWork } from '../../stores/transaction.ts'

/** Does what was approved, in the transaction of the approval. @throws Abandon when it cannot be done any more */
export type DoApproved = (unit: UnitOfWork, approval: Approval, by: Actor) => Promise<void>

/** An act to ask for: `details` says what a second person must know to decide, without personal data. */
export type Asked = { act: TwoPersonAct; subject: string; reason: string; details?: Record<string, unknown> }

export type DecideOutcome =
  | { outcome: 'approved' | 'refused' | 'withdrawn'; approval: Approval }
  /** `not_yours`: decided, too late, or one's own; `impossible`: the act cannot be done any more, with the reason of its service. */
  | { outcome: 'not_yours' }
  | { outcome: 'impossible'; why: unknown }

type Settings = {
  stores: Pick<Stores, 'approvals'>
  transaction: Transaction
  clock: Clock
  acts: Record<TwoPersonAct, DoApproved>
}

export type ApprovalService = ReturnType<typeof createApprovalService>

/** Asks within something that is done together with it; null when the same is asked for already. */
export async function askForApproval(
  unit: UnitOfWork,
  { act, subject, reason, details = {} }: Asked,
  { at, actor }: { at: Date; actor: Actor },
): Promise<Approval | null> {
  const id = randomUUID()
  const expiresAt = new Date(at.getTime() + daysToDecide * 86_400_000)
  if (!(await unit.approvals.ask({ id, act, subject, details, reason, askedBy: actor, askedAt: at, expiresAt })))
    return null
  await unit.audit.approvalAsked({ at, actor, approvalId: id, act, subject, reason })
  return await unit.approvals.find(id)
}

/** Creates the rule of two persons: one asks, another approves, and only then is it done. */
export function createApprovalService({ stores, transaction, clock, acts }: Settings) {
  return {
    open: () => stores.approvals.open(clock.now()),
    decided: (limit: number) => stores.approvals.decided(limit),
    find: (id: string) => stores.approvals.find(id),
    openFor: (act: TwoPersonAct, subject: string) => stores.approvals.openFor(act, subject, clock.now()),
    /** Asks; null when the same is asked for already. */
    ask: (asked: Asked, actor: Actor): Promise<Approval | null> =>
      transaction((unit) => askForApproval(unit, asked, { at: clock.now(), actor })),
    /** Decides, and does what was approved, together or not at all. */
    async decide(id: string, decision: 'approved' | 'refused' | 'withdrawn', actor: Actor): Promise<DecideOutcome> {
      try {
        return await transaction(async (unit): Promise<DecideOutcome> => {
          const at = clock.now()
          const approval = await unit.approvals.decide(id, decision, actor, at)
          if (!approval) return { outcome: 'not_yours' }
          const { act, subject } = approval
          await unit.audit.approvalDecided({ at, actor, approvalId: id, act, subject, decision })
          if (decision === 'approved') await acts[act](unit, approval, actor)
          return { outcome: decision, approval }
        })
      } catch (thrown) {
        if (thrown instanceof Abandon) return { outcome: 'impossible', why: thrown.value }
        throw thrown
      }
    },
  }
}
