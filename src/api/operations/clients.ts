import { z } from 'zod'
import type { RegisteredClient } from '../../domain/clients/client.ts'
import type { ClientService } from '../../services/clients/clients.ts'
import { type Answer, type Operation, operation } from '../operation.ts'
import { clientAnswer, clientId, fromClient } from '../schemas/client.ts'
import { limitOf, next, nothing, pageQuery } from '../schemas/shared.ts'
import { etagOf, found } from './client-changes.ts'

export type ClientRoom = { clients: Pick<ClientService, 'list' | 'find'> }

const params = z.strictObject({ client_id: clientId })
const shown = (registered: RegisteredClient, status = 200): Answer => ({
  status,
  body: fromClient(registered),
  headers: { ETag: etagOf(registered) },
})

/** Applications and services: the same rules as at the console and in the file. */
export function clientOperations({ clients }: ClientRoom): Operation[] {
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
      ...{ id: 'getClient', method: 'get', path: '/clients/{client_id}', scope: 'admin:clients:read' },
      summary: 'Show an application',
      ...{ params, query: nothing },
      answers: { 200: { description: 'The application', schema: clientAnswer, etag: true } },
      problems: ['not-found'],
      handle: async ({ params }) => shown(await one(params.client_id)),
    }),
  ]
}
