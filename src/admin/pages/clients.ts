import { mayBeRemoved, type RegisteredClient, usesSecret, whyKeptOut } from '../../domain/clients/client.ts'
import { isInForce } from '../../domain/clients/secrets.ts'
import type { PageLocals } from '../../http/views/render.ts'
import type { ApprovalService } from '../../services/staff/approvals.ts'
import type { ConsoleRoute, Visit } from '../visit.ts'
import { clientActPages } from './clients/acts.ts'
import { environments, isKind, kinds } from './clients/form.ts'
import { clientFormPages } from './clients/registration.ts'
import type { ClientRoom } from './clients/room.ts'

/** Applications of one page of the list. */
const pageSize = 50

const states = ['let-in', 'draft', 'suspended', 'gone'] as const

/** Applications and services: the list, one of them, and what is done with it. */
export function clientPages(room: ClientRoom, approvals: ApprovalService): ConsoleRoute[] {
  const { clients, now } = room

  async function showList(visit: Visit): Promise<void> {
    const { q = '', kind = '', state = '', environment = '', after = '' } = visit.ctx.query as Record<string, string>
    const filters = {
      ...{ q: String(q).slice(0, 100), kind: isKind(String(kind)) ? String(kind) : '' },
      ...{ state: String(state), environment: String(environment) },
    }
    const found = await clients.list({
      ...{ after: String(after), limit: pageSize + 1, search: filters.q.trim() || undefined },
      ...{ kind: filters.kind || undefined, state: states.find((each) => each === filters.state) },
      environment: environments.find((each) => each === filters.environment),
    })
    const shown = found.slice(0, pageSize)
    const next = new URLSearchParams({ ...filters, after: shown.at(-1)?.client.clientId ?? '' })
    const model = {
      ...{ kinds, states, environments, filters },
      filtered: Object.values(filters).some((value) => value !== ''),
      clients: shown.map((each) => ({ ...each, state: whyKeptOut(each) ?? 'let-in' })),
      next: found.length > pageSize ? `/admin/clients?${next}` : undefined,
      writes: visit.may('clients:write'),
    }
    await visit.show('clients/list', { model })
  }

  /** Shows one application, or the page that says that there is none. */
  async function showOne(visit: Visit, locals: PageLocals = {}, status = 200): Promise<void> {
    const found = await clients.find(visit.params.clientId ?? '')
    if (!found) return await visit.show('gone', { model: { kind: 'client', back: '/admin/clients' } }, 404)
    const { clientId } = found.client
    const [secrets, ...waiting] = await Promise.all([
      clients.secrets.list(clientId),
      approvals.openFor('client.remove', clientId),
      approvals.openFor('client.first-party', clientId),
    ])
    const model = {
      ...shownOf(found),
      secrets: secrets.map(({ hash: _, ...secret }) => ({
        ...secret,
        inForce: !secret.endedAt && isInForce(secret, now()),
      })),
      waiting: waiting.filter((each) => each !== null),
      ...{ writes: visit.may('clients:write'), issuer: room.issuer },
      ...locals.model,
    }
    await visit.show('clients/one', { ...locals, model }, status)
  }

  return [
    { method: 'get', path: '/clients', right: 'clients:read', handle: showList },
    ...clientFormPages(room, approvals, showOne),
    { method: 'get', path: '/clients/:clientId', right: 'clients:read', handle: (visit) => showOne(visit) },
    ...clientActPages(room, approvals, showOne),
  ]
}

/** What a page shows of a client: no hash of a secret. */
const shownOf = (found: RegisteredClient) => {
  const { secretHashes: _, ...client } = found.client
  return {
    ...{ client, managedBy: found.managedBy, suspendedAt: found.suspendedAt, suspendedReason: found.suspendedReason },
    ...{ goneAt: found.goneAt, changedAt: found.changedAt, state: whyKeptOut(found) ?? 'let-in' },
    mayBeRemoved: mayBeRemoved(found),
    makesSecrets: found.client.secretsMadeHere && usesSecret(found.client),
    keys: found.client.jwks?.keys.length ?? 0,
    acrMinimum: client.acrMinimum?.split(':').at(-1),
  }
}
