import { z } from 'zod'
import { openApiDocument } from '../document.ts'
import { type Operation, operation } from '../operation.ts'
import { problems } from '../problem.ts'
import { nothing } from '../schemas/shared.ts'

const names = Object.keys(problems) as (keyof typeof problems)[]

/** What the API says of itself; it needs no token. */
export function documentOperations(all: () => readonly Operation[], issuer: string): Operation[] {
  let document: object | undefined
  return [
    operation({
      ...{ id: 'getDocument', method: 'get', path: '/openapi.json', scope: null },
      summary: 'This document (OpenAPI 3.1)',
      query: nothing,
      answers: { 200: { description: 'The document', schema: z.record(z.string(), z.unknown()) } },
      problems: [],
      async handle() {
        document ??= openApiDocument(all(), issuer)
        return { status: 200, body: document }
      },
    }),
    operation({
      ...{ id: 'getProblem', method: 'get', path: '/problems/{problem}', scope: null },
      summary: 'What a problem means, and what mends it; `type` of each problem leads here',
      params: z.strictObject({ problem: z.enum(names) }),
      query: nothing,
      answers: {
        200: {
          description: 'The problem',
          schema: z.object({ status: z.number(), title: z.string(), mend: z.string() }),
        },
      },
      problems: ['not-found'],
      handle: async ({ params }) => ({ status: 200, body: problems[params.problem] }),
    }),
  ]
}
