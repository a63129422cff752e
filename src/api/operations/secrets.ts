import { z } from 'zod'
import { longestSecretDays, secretNamePattern } from '../../domain/clients/secrets.ts'
import type { ClientService } from '../../services/clients/clients.ts'
import type { ClientSecretService, SecretRefusal } from '../../services/clients/secrets.ts'
import { type Operation, operation } from '../operation.ts'
import { Problem } from '../problem.ts'
import { clientId } from '../schemas/client.ts'
import { instant, nothing } from '../schemas/shared.ts'
import { assertNotBeyond, found } from './client-changes.ts'

export type SecretRoom = {
  clients: Pick<ClientService, 'find'>
  secrets: Pick<ClientSecretService, 'list' | 'add' | 'revoke'>
}

const params = z.strictObject({ client_id: clientId })
const secretAnswer = z.object({
  id: z.string(),
  name: z.string(),
  managed_by: z.string().nullable(),
  created_at: instant,
  created_by: z.string(),
  expires_at: instant.nullable(),
  last_used_at: instant.nullable().describe('Exact to an hour'),
  ended_at: instant.nullable(),
})

const sentences: Record<SecretRefusal['reason'], string> = {
  unknown: 'There is no such application.',
  uses_none: 'It does not prove itself with a secret.',
  brought_along: 'Its secrets are named by its entry in a file.',
  two_valid: 'Two secrets are valid already; end one first.',
  no_secret: 'It has no such secret in force.',
  name: 'The name takes 1 to 60 printable characters.',
  days: 'days is out of range.',
}

function refuse({ reason }: SecretRefusal): never {
  if (reason === 'unknown' || reason === 'no_secret') throw new Problem('not-found', { detail: sentences[reason] })
  throw new Problem('conflict', { detail: sentences[reason] })
}

/** Secrets of applications: each is shown once, where it is made. */
export function secretOperations({ clients, secrets }: SecretRoom): Operation[] {
  return [
    operation({
      ...{ id: 'listSecrets', method: 'get', path: '/clients/{client_id}/secrets', scope: 'admin:clients:read' },
      summary: 'List the secrets that an application has had, without the secrets, the newest first',
      ...{ params, query: nothing },
      answers: { 200: { description: 'All of them', schema: z.object({ secrets: z.array(secretAnswer) }) } },
      problems: ['not-found'],
      async handle({ params: { client_id: id } }) {
        found(await clients.find(id))
        const all = await secrets.list(id)
        const iso = (at: Date | null) => at?.toISOString() ?? null
        const shown = all.map((secret) => ({
          ...{ id: secret.id, name: secret.name, managed_by: secret.managedBy, created_by: secret.createdBy },
          ...{ created_at: iso(secret.createdAt), expires_at: iso(secret.expiresAt) },
          ...{ last_used_at: iso(secret.lastUsedAt), ended_at: iso(secret.endedAt) },
        }))
        return { status: 200, body: { secrets: shown } }
      },
    }),
    operation({
      ...{ id: 'addSecret', method: 'post', path: '/clients/{client_id}/secrets', scope: 'admin:clients:write' },
      summary: 'Make a secret, shown once; the one before stays valid until it is ended',
      ...{ params, query: nothing },
      body: z.strictObject({
        name: z.string().regex(secretNamePattern).optional(),
        days: z.int().min(1).max(longestSecretDays).nullable().optional().describe('After these it is refused'),
      }),
      answers: {
        201: {
          description: 'The secret, which nobody can show again',
          schema: z.object({ id: z.string(), client_secret: z.string(), expires_at: instant.nullable() }),
        },
      },
      problems: ['not-found', 'conflict', 'beyond-own-scopes'],
      async handle({ params: { client_id: id }, body, caller, actor }) {
        assertNotBeyond(caller, found(await clients.find(id)).client)
        const made = await secrets.add(id, body, actor)
        if ('reason' in made) return refuse(made)
        const expires = made.expiresAt?.toISOString() ?? null
        return { status: 201, body: { id: made.id, client_secret: made.secret, expires_at: expires } }
      },
    }),
    operation({
      ...{ id: 'revokeSecret', method: 'delete', path: '/clients/{client_id}/secrets/{secret_id}' },
      scope: 'admin:clients:write',
      summary: 'End a secret; every process refuses it within 5 seconds',
      params: params.extend({ secret_id: z.uuid() }),
      query: nothing,
      answers: { 204: { description: 'Ended' } },
      problems: ['not-found', 'conflict', 'beyond-own-scopes'],
      async handle({ params: { client_id: id, secret_id: secretId }, caller, actor }) {
        assertNotBeyond(caller, found(await clients.find(id)).client)
        const done = await secrets.revoke(id, secretId, actor)
        return done === 'revoked' ? { status: 204 } : refuse(done)
      },
    }),
  ]
}
