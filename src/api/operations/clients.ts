import { z } from 'zod'
import { mayBeRemoved, type RegisteredClient } from '../../domain/clients/client.ts'
import type { ClientService } from '../../services/clients/clients.ts'
import type { ClientSecretService } from '../../services/clients/secrets.ts'
import type { ApprovalService } from '../../services/staff/approvals.ts'
import { type Answer, type Operation, operation } from '../operation.ts'
import { Problem } from '../problem.ts'
import { approvalAnswer, fromApproval } from '../schemas/approval.ts'
import { clientAnswer, clientId, clientInput, fromClient, newClientInput, toClient } from '../schemas/client.ts'
import { limitOf, next, nothing, pageQuery, reason } from '../schemas/shared.ts'
import { assertNotBeyond, etagOf, expectedOf, found, refuseChange } from './client-changes.ts'

export type ClientRoom = {
  clients: Pick<ClientService, 'list' | 'find' | 'change' | 'suspend' | 'lift'>
  secrets: Pick<ClientSecretService, 'add'>
  approvals: Pick<ApprovalService, 'ask' | 'openFor'>
}

const params = z.strictObject({ client_id: clientId })
const shown = (registered: RegisteredClient, status = 200): Answer => ({
  status,
  body: fromClient(registered),
  headers: { ETag: etagOf(registered) },
})

/** Applications and services: the same rules as at the console and in the file. */
export function clientOperations({ clients, secrets, approvals }: ClientRoom): Operation[] {
  const one = async (id: string) => found(await clients.find(id))
  return [
    operation({
      ...{ id: 'listClients', method: 'get', path: '/clients', scope: 'admin:clients:read' },
      summary: 'List applications and services in the order of their ids',
      query: z.strictObject(pageQuery),
      answers: { 200: { description: 'A page', schema: z.object({ clients: z.array(clientAnswer), next }) } },
      problems: [],
      async handle({ query }) {
        const limit = limitOf(query)
        const page = await clients.list({ after: query.cursor, limit: limit + 1 })
        const some = page.slice(0, limit)
        const last = page.length > limit ? (some.at(-1)?.client.clientId ?? null) : null
        return { status: 200, body: { clients: some.map(fromClient), next: last } }
      },
    }),
    operation({
      ...{ id: 'createClient', method: 'post', path: '/clients', scope: 'admin:clients:write' },
      summary:
        'Register an application, with its first secret when it proves itself with one; the secret is shown once',
      query: nothing,
      body: newClientInput,
      answers: {
        201: {
          description: 'Registered; every process lets it in within 5 seconds',
          schema: clientAnswer.extend({ client_secret: z.string().optional() }),
          ...{ etag: true, location: true },
        },
      },
      problems: ['conflict', 'takes-two', 'beyond-own-scopes', 'invalid'],
      async handle({ body: { client_id, ...input }, caller, actor }) {
        const client = toClient(client_id, input)
        assertNotBeyond(caller, client)
        refuseChange(await clients.change(client, actor, 'new'))
        const made = client.secretsMadeHere ? await secrets.add(client_id, {}, actor) : undefined
        const registered = await one(client_id)
        const secret = made && 'secret' in made ? { client_secret: made.secret } : {}
        const headers = { ETag: etagOf(registered), Location: `/admin/api/v1/clients/${client_id}` }
        return { status: 201, body: { ...fromClient(registered), ...secret }, headers }
      },
    }),
    operation({
      ...{ id: 'getClient', method: 'get', path: '/clients/{client_id}', scope: 'admin:clients:read' },
      summary: 'Show an application',
      ...{ params, query: nothing },
      answers: { 200: { description: 'The application', schema: clientAnswer, etag: true } },
      problems: ['not-found'],
      handle: async ({ params }) => shown(await one(params.client_id)),
    }),
    operation({
      ...{ id: 'putClient', method: 'put', path: '/clients/{client_id}', scope: 'admin:clients:write' },
      summary: 'Register an application (If-None-Match: *), or replace what is registered of it (If-Match)',
      ...{ params, query: nothing, body: clientInput, conditional: true },
      answers: {
        200: { description: 'As it is registered now', schema: clientAnswer, etag: true },
        201: { description: 'Registered', schema: clientAnswer, etag: true },
      },
      problems: [
        ...(['precondition-failed', 'precondition-required', 'managed', 'takes-two'] as const),
        ...(['conflict', 'beyond-own-scopes', 'invalid'] as const),
      ],
      async handle({ params: { client_id: id }, body, caller, actor, ifMatch, ifNoneMatch }) {
        const before = await clients.find(id)
        const expected = expectedOf({ ifMatch, ifNoneMatch }, before)
        const client = { ...toClient(id, body, before?.client), ...keptOf(before) }
        assertNotBeyond(caller, client, before?.client)
        refuseChange(await clients.change(client, actor, expected))
        return shown(await one(id), before ? 200 : 201)
      },
    }),
    operation({
      ...{ id: 'removeClient', method: 'delete', path: '/clients/{client_id}', scope: 'admin:clients:write' },
      summary: 'Ask that an application is removed for good; one of the staff approves',
      params,
      query: z.strictObject({ reason }),
      answers: { 202: { description: 'It is asked for', schema: approvalAnswer } },
      problems: ['not-found', 'managed', 'beyond-own-scopes', 'conflict'],
      async handle({ params: { client_id: id }, query, caller, actor }) {
        const registered = await one(id)
        assertNotBeyond(caller, registered.client)
        if (!mayBeRemoved(registered)) throw new Problem('managed')
        const asked =
          (await approvals.ask({ act: 'client.remove', subject: id, reason: query.reason }, actor)) ??
          (await approvals.openFor('client.remove', id))
        if (!asked) throw new Problem('conflict')
        return { status: 202, body: fromApproval(asked) }
      },
    }),
    operation({
      ...{ id: 'suspendClient', method: 'post', path: '/clients/{client_id}/suspension', scope: 'admin:clients:write' },
      summary: 'Let an application in no more, at any endpoint, within 5 seconds',
      ...{ params, query: nothing, body: z.strictObject({ reason }) },
      answers: { 200: { description: 'Suspended, now or before', schema: clientAnswer, etag: true } },
      problems: ['not-found'],
      async handle({ params: { client_id: id }, body, actor }) {
        await clients.suspend(id, { actor, reason: body.reason })
        return shown(await one(id))
      },
    }),
    operation({
      ...{ id: 'liftClient', method: 'delete', path: '/clients/{client_id}/suspension', scope: 'admin:clients:write' },
      summary: 'Let a suspended application in again',
      ...{ params, query: nothing },
      answers: { 200: { description: 'Not suspended any more', schema: clientAnswer, etag: true } },
      problems: ['not-found', 'beyond-own-scopes'],
      async handle({ params: { client_id: id }, caller, actor }) {
        assertNotBeyond(caller, (await one(id)).client)
        await clients.lift(id, actor)
        return shown(await one(id))
      },
    }),
  ]
}

/** What a caller cannot set stays: secrets that a client was once registered with. */
const keptOf = (before: RegisteredClient | null) =>
  before && !before.client.secretsMadeHere && before.client.secretHashes.length > 0
    ? {
        secretsMadeHere: false,
        secretHashes: before.client.secretHashes,
        secretReferences: before.client.secretReferences,
      }
    : {}
