import { isRole, rightsOf, roles } from '../../domain/staff/rights.ts'
import type { ApprovalService } from '../../services/staff/approvals.ts'
import type { StaffPasskeyService } from '../../services/staff/passkeys.ts'
import type { StaffRefusal, StaffService } from '../../services/staff/staff.ts'
import type { ConsoleRoute, Visit } from '../visit.ts'
import { readReason } from './reason.ts'

type Deps = { staff: StaffService; passkeys: Pick<StaffPasskeyService, 'of'>; approvals: ApprovalService }

/** Who runs the service: invitations, roles, ends. */
export function staffPages({ staff, passkeys, approvals }: Deps): ConsoleRoute[] {
  async function showList(
    { show, actor }: Visit,
    locals: { errors?: object; values?: Record<string, string>; link?: string } = {},
    status = 200,
  ) {
    const people = await staff.list()
    const model = {
      roles: roles.map((role) => ({ role, rights: rightsOf(role) })),
      people: people.map((person) => ({ ...person, self: actor === `staff:${person.id}`, state: stateOf(person) })),
      link: locals.link,
    }
    await show('staff/list', { model, values: locals.values ?? {}, errors: (locals.errors ?? {}) as never }, status)
  }
  async function showOne(
    visit: Visit,
    locals: { errors?: object; values?: Record<string, string> } = {},
    status = 200,
  ) {
    const person = await staff.find(visit.params.id ?? '')
    if (!person) return await visit.show('gone', { model: { kind: 'staff', back: '/admin/staff' } }, 404)
    const waiting = await Promise.all([
      approvals.openFor('staff.owner', person.id),
      approvals.openFor('staff.reset-totp', person.id),
    ])
    const model = {
      person: { ...person, self: visit.actor === `staff:${person.id}`, state: stateOf(person) },
      roles,
      waiting: waiting.filter(Boolean),
      passkeys: (await passkeys.of(person.id)).length,
    }
    await visit.show(
      'staff/one',
      { model, values: locals.values ?? {}, errors: (locals.errors ?? {}) as never },
      status,
    )
  }
  const refused = (visit: Visit, { reason }: StaffRefusal, field: string) =>
    showOne(visit, { errors: { [field]: { key: `console.staff.refused.${reason}` } }, values: visit.form }, 422)
  return [
    { method: 'get', path: '/staff', right: 'staff:read', handle: (visit) => showList(visit) },
    {
      method: 'post',
      path: '/staff',
      right: 'staff:write',
      fresh: true,
      async handle(visit) {
        const { email = '', role = '' } = visit.form
        if (!isRole(role))
          return await showList(
            visit,
            { errors: { role: { key: 'console.staff.missing.role' } }, values: visit.form },
            422,
          )
        const done = await staff.invite(email, role, { actor: visit.actor })
        if ('reason' in done) {
          const field = done.reason === 'owner_takes_two' ? 'role' : 'email'
          return await showList(
            visit,
            { errors: { [field]: { key: `console.staff.refused.${done.reason}` } }, values: visit.form },
            422,
          )
        }
        await showList(visit, { link: done.link })
      },
    },
    { method: 'get', path: '/staff/:id', right: 'staff:read', handle: (visit) => showOne(visit) },
    {
      method: 'post',
      path: '/staff/:id/role',
      right: 'staff:write',
      fresh: true,
      async handle(visit) {
        const { role = '' } = visit.form
        const id = visit.params.id ?? ''
        if (!isRole(role)) return await showOne(visit, { errors: { role: { key: 'console.staff.missing.role' } } }, 422)
        if (role === 'owner') return await ask(visit, 'staff.owner')
        const done = await staff.changeRole(id, role, visit.actor)
        if (done !== 'changed') return await refused(visit, done, 'role')
        visit.goTo(`/staff/${id}`, 'role-changed')
      },
    },
    {
      method: 'post',
      path: '/staff/:id/reset',
      right: 'staff:write',
      fresh: true,
      handle: (visit) => ask(visit, 'staff.reset-totp'),
    },
    {
      method: 'post',
      path: '/staff/:id/deactivate',
      right: 'staff:write',
      fresh: true,
      async handle(visit) {
        const done = await staff.deactivate(visit.params.id ?? '', visit.actor)
        if (done !== 'deactivated') return await refused(visit, done, 'deactivate')
        visit.goTo(`/staff/${visit.params.id}`, 'deactivated')
      },
    },
  ]

  /** Asks for what a second person has to approve. */
  async function ask(visit: Visit, act: 'staff.owner' | 'staff.reset-totp'): Promise<void> {
    const person = await staff.find(visit.params.id ?? '')
    if (!person || person.deactivatedAt || !person.joinedAt) return await showOne(visit, {}, 404)
    const reason = readReason(visit.form)
    if (!reason.ok) return await showOne(visit, { errors: { reason: { key: reason.key } }, values: visit.form }, 422)
    const asked = await approvals.ask({ act, subject: person.id, reason: reason.value }, visit.actor)
    visit.goTo('/approvals', asked ? 'asked' : 'asked-before')
  }
}

const stateOf = ({ joinedAt, deactivatedAt }: { joinedAt: Date | null; deactivatedAt: Date | null }) =>
  deactivatedAt ? 'deactivated' : joinedAt ? 'active' : 'invited'
