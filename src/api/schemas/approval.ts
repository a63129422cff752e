import { z } from 'zod'
import type { Approval } from '../../stores/staff/approvals.ts'
import { instant } from './shared.ts'

export const approvalAnswer = z.object({
  id: z.string(),
  act: z.string(),
  subject: z.string(),
  reason: z.string(),
  asked_by: z.string(),
  asked_at: instant,
  expires_at: instant,
  decision: z.enum(['approved', 'refused', 'withdrawn']).nullable(),
  decided_by: z.string().nullable(),
  decided_at: instant.nullable(),
})

export const fromApproval = (approval: Approval): z.input<typeof approvalAnswer> => ({
  id: approval.id,
  act: approval.act,
  subject: approval.subject,
  reason: approval.reason,
  asked_by: approval.askedBy,
  asked_at: approval.askedAt.toISOString(),
  expires_at: approval.expiresAt.toISOString(),
  decision: approval.decision,
  decided_by: approval.decidedBy,
  decided_at: approval.decidedAt?.toISOString() ?? null,
})
