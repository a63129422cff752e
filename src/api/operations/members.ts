import { z } from 'zod'
import { type ActOutcome, helpActs } from '../../services/accounts/help-desk/acts.ts'
import type { HelpDesk } from '../../services/accounts/help-desk/help-desk.ts'
import type { FoundMember } from '../../services/accounts/help-desk/look-ups.ts'
import type { Doing } from '../../services/accounts/help-desk/settings.ts'
import type { ApprovalService } from '../../services/staff/approvals.ts'
import { type Operation, operation } from '../operation.ts'
import { Problem, tooManyUntil } from '../problem.ts'
import { approvalAnswer, fromApproval } from '../schemas/approval.ts'
import { accountId, foundMember, fromFound, fromMember, memberAnswer } from '../schemas/member.ts'
import { nothing, reason } from '../schemas/shared.ts'
import { found } from './client-changes.ts'

export type MemberRoom = {
  helpDesk: Pick<HelpDesk, 'find' | 'page' | 'identify' | 'do'>
  approvals: Pick<ApprovalService, 'ask' | 'openFor'>
  now(): Date
}

const params = z.strictObject({ account_id: accountId })
const path = '/members/{account_id}'

const sentences: Record<Extract<ActOutcome, { outcome: 'refused' }>['reason'], string> = {
  unknown: 'The account is gone.',
  state: 'The account is in a state in which this cannot be done.',
  letter_waits: 'A letter is on its way to the printer already.',
  no_pause: 'There is no pause.',
}

/**
 * The help desk. As at the command line each request is a look-up with a reason, counted and recorded, and the member sees it. Nothing
 * personal leaves in clear, which the console shows after a second factor only.
 */
export function memberOperations({ helpDesk, approvals, now }: MemberRoom): Operation[] {
  /** Who is meant; null when the text can mean nobody. @throws Problem when this service has looked up too many */
  async function lookUp(typed: string, doing: Doing): Promise<FoundMember[] | null> {
    const outcome = await helpDesk.find(typed, doing)
    if (outcome.outcome === 'limited') throw tooManyUntil(outcome.until, now())
    if (outcome.outcome === 'unreadable') return null
    return outcome.outcome === 'found' ? outcome.members : []
  }
  /** @throws Problem when nobody has the account */
  async function assertThere(id: string, doing: Doing): Promise<void> {
    found((await lookUp(id, doing))?.[0])
  }
  return [
    operation({
      ...{ id: 'lookUpMember', method: 'post', path: '/member-look-ups', scope: 'admin:members:read' },
      summary:
        'Find a member by whole insurance number, user name or id of the account, with a reason, and show where the member stands',
      query: nothing,
      body: z.strictObject({
        query: z.string().min(1).max(200),
        reason,
        before: z
          .string()
          .regex(/^\d{1,18}$/)
          .optional()
          .describe('`older` of the history before'),
      }),
      answers: {
        200: {
          description: 'Who was found, or nobody',
          schema: z.object({
            members: z.array(foundMember),
            member: memberAnswer
              .nullable()
              .describe('The one that was found; null: nobody, or several with one number'),
          }),
        },
      },
      problems: [],
      async handle({ body, actor }) {
        const members = await lookUp(body.query, { actor, reason: body.reason })
        if (!members)
          throw new Problem('invalid', {
            errors: [{ pointer: '/query', detail: 'takes an insurance number, a user name or an id' }],
          })
        const [one, ...others] = members
        const page = one && others.length === 0 ? await helpDesk.page(one.id, { before: body.before }) : null
        return { status: 200, body: { members: members.map(fromFound), member: page && fromMember(page) } }
      },
    }),
    operation({
      ...{ id: 'identifyCaller', method: 'post', path: `${path}/identification`, scope: 'admin:members:read' },
      summary: 'Tell whether a caller gave the answer to the security question; three tries in an hour',
      ...{ params, query: nothing, body: z.strictObject({ answer: z.string().min(1).max(800), reason }) },
      answers: { 200: { description: 'Right or wrong', schema: z.object({ right: z.boolean() }) } },
      problems: ['not-found', 'conflict'],
      async handle({ params: { account_id: id }, body, actor }) {
        await assertThere(id, { actor, reason: body.reason })
        const done = await helpDesk.identify(id, body.answer, { actor })
        if (done.outcome === 'limited') throw tooManyUntil(done.until, now())
        if (done.outcome === 'no_question') throw new Problem('conflict', { detail: 'There is no question.' })
        return { status: 200, body: { right: done.outcome === 'right' } }
      },
    }),
    operation({
      ...{ id: 'helpMember', method: 'post', path: `${path}/acts`, scope: 'admin:members:write' },
      summary: 'Do something for a member, who is told by e-mail',
      ...{ params, query: nothing, body: z.strictObject({ act: z.enum(helpActs), reason }) },
      answers: { 200: { description: 'Done; the member as he stands now', schema: memberAnswer } },
      problems: ['not-found', 'conflict'],
      async handle({ params: { account_id: id }, body, actor }) {
        const doing = { actor, reason: body.reason }
        await assertThere(id, doing)
        const done = await helpDesk.do(body.act, id, doing)
        if (done.outcome === 'limited') throw tooManyUntil(done.until, now())
        if (done.outcome === 'refused')
          throw new Problem(done.reason === 'unknown' ? 'not-found' : 'conflict', { detail: sentences[done.reason] })
        return { status: 200, body: fromMember(found(await helpDesk.page(id))) }
      },
    }),
    operation({
      ...{ id: 'endMember', method: 'post', path: `${path}/end`, scope: 'admin:members:write' },
      summary: 'Ask that an account ends for good; one of the staff approves',
      ...{ params, query: nothing, body: z.strictObject({ reason }) },
      answers: { 202: { description: 'It is asked for', schema: approvalAnswer } },
      problems: ['not-found', 'conflict'],
      async handle({ params: { account_id: subject }, body, actor }) {
        await assertThere(subject, { actor, reason: body.reason })
        const page = found(await helpDesk.page(subject))
        if (!page.mayEnd) throw new Problem('conflict', { detail: sentences.state })
        const act = 'account.end' as const
        const asked =
          (await approvals.ask({ act, subject, reason: body.reason }, actor)) ?? (await approvals.openFor(act, subject))
        if (!asked) throw new Problem('conflict')
        return { status: 202, body: fromApproval(asked) }
      },
    }),
  ]
}
