import { z } from 'zod'
import type { SigningKeyService } from '../../services/keys/signing-keys.ts'
import type { ApprovalService } from '../../services/staff/approvals.ts'
import type { StaffService } from '../../services/staff/staff.ts'
import { type Operation, operation } from '../operation.ts'
import { approvalAnswer, fromApproval } from '../schemas/approval.ts'
import { instant, nothing } from '../schemas/shared.ts'

export type ReadingRoom = {
  staff: Pick<StaffService, 'list'>
  approvals: Pick<ApprovalService, 'open' | 'decided'>
  signingKeys: Pick<SigningKeyService, 'overview'>
}

const iso = (at: Date | null) => at?.toISOString() ?? null

const person = z.object({
  id: z.string(),
  email: z.string(),
  role: z.string(),
  state: z.enum(['invited', 'active', 'deactivated']),
  last_sign_in_at: instant.nullable(),
})
const key = z.object({
  kid: z.string(),
  alg: z.string(),
  state: z.enum(['next', 'current', 'retired']),
  created_at: instant,
  moves_at: instant.describe('When it signs, hands over to the next one, or leaves the set'),
})
/** What others may look at and decide elsewhere: no operation here changes anything. */
export function readingOperations({ staff, approvals, signingKeys }: ReadingRoom): Operation[] {
  return [
    operation({
      ...{ id: 'listStaff', method: 'get', path: '/staff', scope: 'admin:staff:read' },
      summary: 'List who may use the console',
      query: nothing,
      answers: { 200: { description: 'All of them', schema: z.object({ staff: z.array(person) }) } },
      problems: [],
      async handle() {
        const people = (await staff.list()).map(({ id, email, role, joinedAt, deactivatedAt, lastSignInAt }) => ({
          ...{ id, email, role, last_sign_in_at: iso(lastSignInAt) },
          state: deactivatedAt ? 'deactivated' : joinedAt ? 'active' : 'invited',
        }))
        return { status: 200, body: { staff: people } }
      },
    }),
    operation({
      ...{ id: 'listApprovals', method: 'get', path: '/approvals', scope: 'admin:approvals:read' },
      summary:
        'List acts that take two persons: what waits, and the last 50 that were decided; staff decide at the console',
      query: nothing,
      answers: {
        200: {
          description: 'Both lists',
          schema: z.object({ open: z.array(approvalAnswer), decided: z.array(approvalAnswer) }),
        },
      },
      problems: [],
      async handle() {
        const [open, decided] = await Promise.all([approvals.open(), approvals.decided(50)])
        return { status: 200, body: { open: open.map(fromApproval), decided: decided.map(fromApproval) } }
      },
    }),
    operation({
      ...{ id: 'listSigningKeys', method: 'get', path: '/signing-keys', scope: 'admin:keys:read' },
      summary: 'List signing keys with their stages; the public keys are at jwks_uri',
      query: nothing,
      answers: { 200: { description: 'All of them', schema: z.object({ keys: z.array(key) }) } },
      problems: [],
      async handle() {
        const keys = (await signingKeys.overview()).map(({ kid, alg, state, createdAt, movesAt }) => ({
          ...{ kid, alg, state, created_at: iso(createdAt), moves_at: iso(movesAt) },
        }))
        return { status: 200, body: { keys } }
      },
    }),
  ]
}
