import { memberScopes, scopesOf } from '../../../domain/clients/scopes.ts'
import type { PageLocals } from '../../../http/views/render.ts'
import type { ChangeRefusal } from '../../../services/clients/clients.ts'
import type { ApprovalService } from '../../../services/staff/approvals.ts'
import type { ConsoleRoute, Visit } from '../../visit.ts'
import { errorsOf, fieldsOf, firstValues, isKind, type Kind, kinds, readClient, valuesOf } from './form.ts'
import { type ClientRoom, isBeyond, type ShowOne } from './room.ts'

/** The wizard by kind, and the form that changes an application. */
export function clientFormPages(room: ClientRoom, approvals: ApprovalService, showOne: ShowOne): ConsoleRoute[] {
  const { clients } = room

  async function showForm(visit: Visit, kind: Kind, locals: PageLocals, status = 200): Promise<void> {
    const isNew = locals.model?.clientId === undefined
    const scopes = kind === 'service' ? [...scopesOf(await clients.resources())].sort() : [...memberScopes]
    const model = { kind, isNew, fields: fieldsOf(kind, isNew), scopes, ...locals.model }
    await visit.show('clients/form', { ...locals, model }, status)
  }
  const gone = (visit: Visit) => visit.show('gone', { model: { kind: 'client', back: '/admin/clients' } }, 404)
  const kindOf = ({ params }: Visit) => (isKind(params.kind ?? '') ? (params.kind as Kind) : undefined)

  /** The messages of a refused change. */
  function refusedBy(refusal: ChangeRefusal, client: Parameters<typeof errorsOf>[1]) {
    if (refusal.reason === 'invalid') return errorsOf(refusal.faults, client)
    if (refusal.reason === 'not_taken')
      return { name: { key: 'console.clients.wrong.notTaken', params: { value: refusal.fault } } }
    return { clientId: { key: `console.clients.refused.${refusal.reason}` } }
  }

  async function register(visit: Visit): Promise<void> {
    const kind = kindOf(visit)
    if (!kind) return await gone(visit)
    const read = readClient(visit.form, kind)
    const again = (errors: NonNullable<PageLocals['errors']>) =>
      showForm(visit, kind, { values: visit.form, errors }, 422)
    if ('wrong' in read) return await again({ [read.wrong]: { key: `console.clients.wrong.${read.wrong}` } })
    if (isBeyond(visit, read.client)) return await again({ scopes: { key: 'console.clients.wrong.beyond' } })
    const done = await clients.change(read.client, visit.actor, 'new')
    if ('reason' in done) return await again(refusedBy(done, read.client))
    const { clientId, name, secretsMadeHere } = read.client
    const made = secretsMadeHere ? await clients.secrets.add(clientId, {}, visit.actor) : undefined
    if (visit.form.firstParty === 'on') {
      const reason = 'Bei der Registrierung gewünscht'
      await approvals.ask({ act: 'client.first-party', subject: clientId, reason, details: { name } }, visit.actor)
    }
    const secret = made && 'secret' in made ? made.secret : undefined
    const model = { client: read.client, secret, issuer: room.issuer, asked: visit.form.firstParty === 'on' }
    await visit.show('clients/registered', { model })
  }

  async function edit(visit: Visit): Promise<void> {
    const found = await clients.find(visit.params.clientId ?? '')
    if (!found) return await gone(visit)
    if (found.managedBy) return await showOne(visit, {}, 422)
    const { kind, clientId } = found.client
    const model = { clientId, version: found.changedAt.toISOString() }
    const read = readClient(visit.form, kind, found.client)
    const again = (errors: NonNullable<PageLocals['errors']>, status = 422, more = {}) =>
      showForm(visit, kind, { values: visit.form, errors, model: { ...model, ...more } }, status)
    if ('wrong' in read) return await again({ [read.wrong]: { key: `console.clients.wrong.${read.wrong}` } })
    if (isBeyond(visit, read.client, found.client))
      return await again({ scopes: { key: 'console.clients.wrong.beyond' } })
    const seen = new Date(visit.form.version ?? '')
    const done = await clients.change(read.client, visit.actor, Number.isNaN(seen.getTime()) ? new Date(0) : seen)
    if ('reason' in done && done.reason === 'stale') return await again({}, 409, { stale: true })
    if ('reason' in done) return await again(refusedBy(done, read.client))
    visit.goTo(`/clients/${encodeURIComponent(clientId)}`, 'client-changed')
  }

  return [
    {
      method: 'get',
      path: '/new-client',
      right: 'clients:write',
      handle: (visit) => visit.show('clients/kinds', { model: { kinds } }),
    },
    {
      method: 'get',
      path: '/new-client/:kind',
      right: 'clients:write',
      handle: async (visit) => {
        const kind = kindOf(visit)
        await (kind ? showForm(visit, kind, { values: firstValues }) : gone(visit))
      },
    },
    { method: 'post', path: '/new-client/:kind', right: 'clients:write', fresh: true, handle: register },
    {
      method: 'get',
      path: '/clients/:clientId/edit',
      right: 'clients:write',
      handle: async (visit) => {
        const found = await clients.find(visit.params.clientId ?? '')
        if (!found) return await gone(visit)
        if (found.managedBy) return await showOne(visit)
        const { kind, clientId } = found.client
        const model = { clientId, version: found.changedAt.toISOString() }
        await showForm(visit, kind, { values: valuesOf(found.client), model })
      },
    },
    { method: 'post', path: '/clients/:clientId/edit', right: 'clients:write', fresh: true, handle: edit },
  ]
}
