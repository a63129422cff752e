import { z } from 'zod'
import { adminScopes } from '../domain/clients/scopes.ts'
import type { Operation } from './operation.ts'
import { type ProblemName, problems } from './problem.ts'

/** Problems that every operation may have; those that need a token have the second ones, too. */
const usual: ProblemName[] = ['bad-request', 'invalid', 'internal', 'unavailable']
const guarded: ProblemName[] = ['unauthorized', 'invalid-token', 'insufficient-scope', 'too-many']
const withBody: ProblemName[] = ['too-large', 'unsupported-media-type']

const schemaOf = (schema: z.ZodType, io: 'input' | 'output') => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { target: 'draft-2020-12', io, unrepresentable: 'any' })
  return rest as Record<string, unknown> & { properties?: Record<string, object>; required?: string[] }
}

/** Makes the document of the API (OpenAPI 3.1.1) from the schemas that check its requests and answers. */
export function openApiDocument(operations: readonly Operation[], issuer: string): object {
  const paths: Record<string, Record<string, object>> = {}
  for (const operation of operations) {
    const item = paths[operation.path] ?? {}
    paths[operation.path] = { ...item, [operation.method]: describe(operation) }
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Administration',
      version: '1',
      description:
        'Access tokens come from the token endpoint with the client credentials grant. Refusals are problems of RFC 9457. POST takes an Idempotency-Key.',
    },
    servers: [{ url: new URL('/admin/api/v1', issuer).href }],
    paths,
    components: {
      securitySchemes: {
        service: {
          type: 'oauth2',
          flows: {
            clientCredentials: {
              tokenUrl: new URL('/oidc/token', issuer).href,
              scopes: Object.fromEntries(adminScopes.map((scope) => [scope, scope])),
            },
          },
        },
      },
      schemas: { Problem: problemSchema },
    },
  }
}

const problemSchema = {
  type: 'object',
  required: ['type', 'title', 'status', 'detail', 'reference'],
  properties: {
    type: { type: 'string', format: 'uri-reference' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    reference: { type: 'string', description: 'Stands in the log, too' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['pointer', 'detail'],
        properties: { pointer: { type: 'string', description: 'RFC 6901' }, detail: { type: 'string' } },
      },
    },
  },
}

function describe(operation: Operation): object {
  const { id, summary, scope, body } = operation
  return {
    operationId: id,
    summary,
    security: scope ? [{ service: [scope] }] : [],
    parameters: parametersOf(operation),
    ...(body && {
      requestBody: { required: true, content: { 'application/json': { schema: schemaOf(body, 'input') } } },
    }),
    responses: { ...answersOf(operation), ...refusalsOf(operation) },
  }
}

const header = (name: string, description: string) => ({
  ...{ name, in: 'header', required: false, description },
  schema: { type: 'string' },
})

function parametersOf({ params, query, conditional, method }: Operation): object[] {
  const of = (schema: z.ZodType | undefined, place: 'path' | 'query') => {
    const { properties = {}, required = [] } = schema ? schemaOf(schema, 'input') : {}
    return Object.entries(properties).map(([name, each]) => ({
      ...{ name, in: place, required: place === 'path' || required.includes(name), schema: each },
    }))
  }
  return [
    ...of(params, 'path'),
    ...of(query, 'query'),
    ...(conditional ? [header('If-Match', 'The ETag that was read'), header('If-None-Match', '* for a new one')] : []),
    ...(method === 'post'
      ? [header('Idempotency-Key', 'Within a day the same key has one effect and one answer')]
      : []),
  ]
}

const answersOf = ({ answers }: Operation) =>
  Object.fromEntries(
    Object.entries(answers).map(([status, { description, schema, etag, location }]) => {
      const headers = {
        ...(etag && { ETag: { schema: { type: 'string' } } }),
        ...(location && { Location: { schema: { type: 'string', format: 'uri-reference' } } }),
      }
      const content = schema && { 'application/json': { schema: schemaOf(schema, 'output') } }
      return [status, { description, headers, ...(content && { content }) }]
    }),
  )

function refusalsOf({ problems: own, scope, body, method }: Operation) {
  const names = new Set<ProblemName>([
    ...usual,
    ...(scope ? guarded : []),
    ...(body ? withBody : []),
    ...(method === 'post' ? (['key-busy', 'key-reused'] as const) : []),
    ...own,
  ])
  const byStatus = Map.groupBy(names, (name) => problems[name].status)
  return Object.fromEntries(
    [...byStatus].map(([status, some]) => [
      status,
      {
        description: some.map((name) => problems[name].title).join('; '),
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    ]),
  )
}
