import type { PageLocals } from '../../http/views/render.ts'
import type { HelpDesk } from '../../services/accounts/help-desk/help-desk.ts'
import { isMaskedField, maskedFields } from '../../services/accounts/help-desk/masks.ts'
import { isAccountId } from '../../services/accounts/help-desk/member-query.ts'
import type { ApprovalService } from '../../services/staff/approvals.ts'
import type { StaffService } from '../../services/staff/staff.ts'
import type { ConsoleRoute, Visit } from '../visit.ts'
import { memberActPages } from './member-acts.ts'
import { askWhy, looking, type MemberVisit, showGone, tellWhen } from './member-visit.ts'
import { readReason } from './reason.ts'

type Deps = { helpDesk: HelpDesk; approvals: ApprovalService; staff: StaffService; now(): Date }

/** The help desk: find a member, see where he stands, know who calls, and help. Number and name stand in no address. */
export function memberPages(deps: Deps): ConsoleRoute[] {
  const { helpDesk, approvals, staff, now } = deps

  /** Looks for a member, or again at an account whose look is over, and shows what may be seen. */
  async function search(visit: Visit, typed: string, refuse: (locals: PageLocals, status: number) => Promise<void>) {
    const reason = readReason(visit.form)
    const errors: NonNullable<PageLocals['errors']> = {}
    if (typed.trim() === '') errors.query = { key: 'console.members.refused.empty' }
    if (!reason.ok) errors.reason = { key: reason.key }
    if (!reason.ok || typed.trim() === '') return await refuse({ errors }, 422)
    const { signedIn, actor } = visit
    const found = await helpDesk.find(typed, { actor, reason: reason.value, session: signedIn.sessionId })
    if (found.outcome === 'limited') {
      tellWhen(visit, found.until, now())
      return await refuse({ model: { limitedUntil: found.until } }, 429)
    }
    if (found.outcome !== 'found')
      return await refuse({ errors: { query: { key: `console.members.refused.${found.outcome}` } } }, 422)
    const [member, ...others] = found.members
    if (member && others.length === 0) return visit.goTo(`/members/${member.id}`)
    await visit.show('members/found', { model: { members: found.members } })
  }

  async function showMember(visit: MemberVisit, locals: PageLocals = {}, status = 200): Promise<void> {
    const { accountId, look, ctx } = visit
    const before =
      typeof ctx.query.before === 'string' && /^\d{1,18}$/.test(ctx.query.before) ? ctx.query.before : undefined
    const [page, ending, people] = await Promise.all([
      helpDesk.page(accountId, { before }),
      approvals.openFor('account.end', accountId),
      staff.list(),
    ])
    if (!page) return await showGone(visit)
    const names = Object.fromEntries(people.map(({ id, email }) => [`staff:${id}`, email]))
    const model = { page, look, names, before, fields: maskedFields, ending: ending !== null, ...locals.model }
    await visit.show('members/one', { values: { reason: look.reason }, ...locals, model }, status)
  }

  return [
    { method: 'get', path: '/members', right: 'members:read', handle: (visit) => visit.show('members/search') },
    {
      method: 'post',
      path: '/members',
      right: 'members:read',
      handle: (visit) =>
        search(visit, visit.form.query ?? '', (locals, status) =>
          visit.show('members/search', { values: visit.form, ...locals }, status),
        ),
    },
    {
      method: 'get',
      path: '/members/:id',
      right: 'members:read',
      handle: looking(helpDesk, (visit) => showMember(visit)),
    },
    {
      method: 'post',
      path: '/members/:id/look',
      right: 'members:read',
      async handle(visit) {
        const id = visit.params.id ?? ''
        if (!isAccountId(id)) return await showGone(visit)
        await search(visit, id, (locals, status) =>
          locals.errors?.query ? showGone(visit) : askWhy(visit, { values: visit.form, ...locals }, status),
        )
      },
    },
    {
      method: 'post',
      path: '/members/:id/identify',
      right: 'members:read',
      handle: looking(helpDesk, async (visit) => {
        const { accountId, form, actor, signedIn } = visit
        const refused = (why: string, status = 422) =>
          showMember(visit, { errors: { answer: { key: `console.members.identify.${why}` } } }, status)
        if ((form.answer ?? '').trim() === '') return await refused('empty')
        const done = await helpDesk.identify(accountId, form.answer ?? '', { actor, session: signedIn.sessionId })
        if (done.outcome === 'right') return visit.goTo(`/members/${accountId}#anruf`)
        if (done.outcome === 'wrong') return await refused('wrong')
        if (done.outcome === 'limited') tellWhen(visit, done.until, now())
        await showMember(visit, {}, done.outcome === 'limited' ? 429 : 409)
      }),
    },
    {
      method: 'post',
      path: '/members/:id/reveal',
      right: 'members:read',
      fresh: true,
      handle: looking(helpDesk, async (visit) => {
        const { field = '' } = visit.form
        const reason = readReason(visit.form)
        const known = isMaskedField(field)
        if (!known || !reason.ok) {
          const errors: NonNullable<PageLocals['errors']> = {}
          if (!known) errors.field = { key: 'console.members.refused.field' }
          if (!reason.ok) errors.reason = { key: reason.key }
          return await showMember(visit, { errors, values: visit.form }, 422)
        }
        const done = await helpDesk.reveal(visit.accountId, field, { actor: visit.actor, reason: reason.value })
        if (done.outcome === 'revealed')
          return await showMember(visit, { model: { revealed: done }, values: visit.form })
        if (done.outcome === 'limited') {
          tellWhen(visit, done.until, now())
          return await showMember(visit, { model: { limitedUntil: done.until }, values: visit.form }, 429)
        }
        const errors = { field: { key: `console.members.refused.${done.outcome}` } }
        await showMember(visit, { errors, values: visit.form }, 422)
      }),
    },
    ...memberActPages(deps),
  ]
}
