import { twoPersonActs } from '../../domain/staff/two-persons.ts'
import type { ApprovalService } from '../../services/staff/approvals.ts'
import type { StaffService } from '../../services/staff/staff.ts'
import type { Approval } from '../../stores/staff/approvals.ts'
import type { ConsoleRoute, Visit } from '../visit.ts'

type Deps = { approvals: ApprovalService; staff: StaffService }

/** Where the thing of an act is looked at. */
const pageOf = ({ act, subject }: Approval): string => {
  const [noun] = act.split('.')
  const rooms: Record<string, string> = { client: 'clients', staff: 'staff', account: 'members', 'signing-key': 'keys' }
  const room = rooms[noun ?? ''] ?? ''
  return room === 'keys' ? `/admin/${room}` : `/admin/${room}/${encodeURIComponent(subject)}`
}

/** Acts that take two persons: one asks, another decides. */
export function approvalPages({ approvals, staff }: Deps): ConsoleRoute[] {
  const decide =
    (decision: 'approved' | 'refused' | 'withdrawn') =>
    async (visit: Visit): Promise<void> => {
      const approval = await approvals.find(visit.params.id ?? '')
      if (!approval) return await visit.show('gone', { model: { kind: 'approval', back: '/admin/approvals' } }, 404)
      if (!visit.may(twoPersonActs[approval.act])) return await visit.show('forbidden', {}, 403)
      const done = await approvals.decide(approval.id, decision, visit.actor)
      if (done.outcome === 'not_yours') return await showAll(visit, 'not_yours', 409)
      if (done.outcome === 'impossible') return await showAll(visit, 'impossible', 409)
      visit.goTo('/approvals', done.outcome)
    }
  async function showAll(visit: Visit, refused?: string, status = 200): Promise<void> {
    const people = new Map((await staff.list()).map((person) => [`staff:${person.id}`, person.email]))
    const shown = (approval: Approval) => ({
      ...approval,
      page: pageOf(approval),
      askedBy: people.get(approval.askedBy) ?? approval.askedBy,
      decidedBy: approval.decidedBy && (people.get(approval.decidedBy) ?? approval.decidedBy),
      own: approval.askedBy === visit.actor,
      mayDecide: visit.may(twoPersonActs[approval.act]),
    })
    const [open, decided] = await Promise.all([approvals.open(), approvals.decided(50)])
    await visit.show('approvals', { model: { open: open.map(shown), decided: decided.map(shown), refused } }, status)
  }
  return [
    { method: 'get', path: '/approvals', right: 'signed-in', handle: (visit) => showAll(visit) },
    { method: 'post', path: '/approvals/:id/approve', right: 'signed-in', fresh: true, handle: decide('approved') },
    { method: 'post', path: '/approvals/:id/refuse', right: 'signed-in', handle: decide('refused') },
    { method: 'post', path: '/approvals/:id/withdraw', right: 'signed-in', handle: decide('withdrawn') },
  ]
}
