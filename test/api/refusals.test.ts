import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import Koa from 'koa'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { createApi } from '../../src/api/api.ts'
import { operation } from '../../src/api/operation.ts'
import { PublicError, StoreAway } from '../../src/errors.ts'

/** What a caller sends and nobody may read in a log. */
const [token, typed] = ['t0ken-of-a-service', 'geheim-4711']
const lines: string[] = []
const note = (detail: object, message: string) => void lines.push(JSON.stringify({ ...detail, message }))
let fault: unknown
let kept: unknown

let server: Server
beforeAll(async () => {
  const app = new Koa()
  const body = z.strictObject({ name: z.string().max(3) })
  app.use(
    createApi({
      operations: [
        operation({
          ...{
            id: 'make',
            method: 'post',
            path: '/things',
            scope: 'admin:clients:write',
            summary: 'Make',
            problems: [],
          },
          body,
          answers: { 201: { description: 'Made', schema: z.object({ name: z.string() }) } },
          async handle({ body: { name } }) {
            if (fault) throw fault
            return { status: 201, body: { name, secretHash: 'never' } }
          },
        }),
      ],
      verify: async (given) => (given === token ? { clientId: 'robot', scopes: ['admin:clients:write'] } : undefined),
      limit: async () => null,
      idempotency: {
        claim: async () => (kept ? { outcome: 'busy' } : { outcome: 'yours' }),
        keep: async (_asked, answer) => {
          kept = answer
        },
        forget: async () => {
          kept = undefined
        },
        deleteOld: async () => 0,
      },
      now: () => new Date(),
      bodyBytes: 1000,
      log: { info: note, error: note },
    }),
  )
  server = createServer(app.callback()).listen(0)
})
afterAll(() => void server?.close())

async function send(body: string, headers: Record<string, string> = {}) {
  const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/admin/api/v1/things`, {
    method: 'POST',
    body,
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json', ...headers },
  })
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Record<string, unknown>,
  }
}

it('give nothing beyond the schema of the answer', async () => {
  expect(await send('{"name":"abc"}')).toMatchObject({ status: 201, body: { name: 'abc' } })
  expect((await send('{"name":"abc"}')).body).not.toHaveProperty('secretHash')
})

it('write nothing of what was sent into the log, nor back', async () => {
  const answers = [
    await send(`{"name":"${typed}"}`),
    await send(`{"name":"abc","${typed}":1}`),
    await send(`{"name":"${typed}`),
    await send('{}', { Authorization: `Bearer ${typed}` }),
    await send('x'.repeat(2000) + typed),
  ]
  expect(answers.map(({ status }) => status)).toEqual([422, 422, 400, 401, 413])
  // The name of a field that is too much is told to whoever sent it.
  for (const answer of [answers[0], ...answers.slice(2)]) expect(JSON.stringify(answer?.body)).not.toContain(typed)
  expect(lines).toHaveLength(answers.length)
  for (const [index, line] of lines.entries()) {
    expect(line).not.toContain(typed)
    expect(line).not.toContain(token)
    expect(line).toContain(String(answers[index]?.body.reference))
  }
})

it.each([
  [503, new StoreAway('PostgreSQL')],
  [429, new PublicError('too_many', { retryAfter: 7 })],
  [500, new Error('something of the database')],
])('answer %s to a fault, without its words, and make room for the same key', async (status, thrown) => {
  fault = thrown
  kept = undefined
  const answer = await send('{"name":"abc"}', { 'Idempotency-Key': 'k' })
  expect([answer.status, answer.headers.get('content-type')]).toEqual([status, 'application/problem+json'])
  expect(JSON.stringify(answer.body)).not.toContain('database')
  fault = undefined
  expect((await send('{"name":"abc"}', { 'Idempotency-Key': 'k' })).status).toBe(201)
})

it('ask to wait while the first request with a key is at work', async () => {
  kept = 'somebody is at it'
  const answer = await send('{"name":"abc"}', { 'Idempotency-Key': 'k' })
  expect([answer.status, answer.body.type]).toEqual([409, '/admin/api/v1/problems/key-busy'])
}, 20_000)
