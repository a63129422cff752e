import type { PageLocals } from '../../http/views/render.ts'
import { type HelpAct, helpActs } from '../../services/accounts/help-desk/acts.ts'
import type { HelpDesk } from '../../services/accounts/help-desk/help-desk.ts'
import type { ApprovalService } from '../../services/staff/approvals.ts'
import type { ConsoleRoute, Visit } from '../visit.ts'
import { looking, type MemberVisit, showGone, tellWhen } from './member-visit.ts'
import { readReason } from './reason.ts'

type Deps = { helpDesk: HelpDesk; approvals: ApprovalService; now(): Date }

/** Acts for which the second factor is asked again: they keep somebody out, or let somebody in. */
const dangerous: readonly string[] = ['suspend', 'lift', 'end']

/** What staff do for a member: each act has a page that says what follows and names the account, and one button. */
export function memberActPages({ helpDesk, approvals, now }: Deps): ConsoleRoute[] {
  async function confirm(visit: MemberVisit, act: HelpAct | 'end', locals: PageLocals = {}, status = 200) {
    const page = await helpDesk.page(visit.accountId)
    if (!page) return await showGone(visit)
    const model = { page, act, ...locals.model }
    await visit.show('members/act', { values: { reason: visit.look.reason }, ...locals, model }, status)
  }
  async function done(visit: MemberVisit, act: HelpAct, reason: string): Promise<void> {
    const outcome = await helpDesk.do(act, visit.accountId, { actor: visit.actor, reason })
    if (outcome.outcome === 'done') return visit.goTo(`/members/${visit.accountId}`, `help-${act}`)
    if (outcome.outcome === 'limited') tellWhen(visit, outcome.until, now())
    const model = outcome.outcome === 'limited' ? { until: outcome.until } : { refused: outcome.reason }
    await confirm(visit, act, { model, values: visit.form }, outcome.outcome === 'limited' ? 429 : 409)
  }
  /** The end of an account takes two: it is asked for, and done when another person approves. */
  async function askForEnd(visit: MemberVisit, reason: string): Promise<void> {
    const page = await helpDesk.page(visit.accountId)
    if (!page?.mayEnd) return await confirm(visit, 'end', { model: { refused: 'state' }, values: visit.form }, 409)
    const asked = await approvals.ask({ act: 'account.end', subject: visit.accountId, reason }, visit.actor)
    visit.goTo('/approvals', asked ? 'asked' : 'asked-before')
  }
  const routesOf = (act: HelpAct | 'end'): ConsoleRoute[] => {
    const route = { path: `/members/:id/${act}`, right: 'members:write' } as const
    const handle = async (visit: MemberVisit): Promise<void> => {
      const reason = readReason(visit.form)
      if (!reason.ok)
        return await confirm(visit, act, { errors: { reason: { key: reason.key } }, values: visit.form }, 422)
      await (act === 'end' ? askForEnd(visit, reason.value) : done(visit, act, reason.value))
    }
    return [
      { ...route, method: 'get', handle: looking(helpDesk, (visit) => confirm(visit, act)) },
      {
        ...route,
        method: 'post',
        ...(dangerous.includes(act) && { fresh: true as const }),
        handle: (visit: Visit) => looking(helpDesk, handle)(visit),
      },
    ]
  }
  return [...helpActs, 'end' as const].flatMap(routesOf)
}
