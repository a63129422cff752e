import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { apiOperations } from '../../src/api/operations.ts'
import { problems } from '../../src/api/problem.ts'
import { adminScopes } from '../../src/domain/clients/scopes.ts'
import { anything } from '../support/staff.ts'
import { type Api, startApi } from './support.ts'

const operations = apiOperations({
  clients: anything,
  members: anything,
  letters: anything,
  audit: anything,
  readings: anything,
  issuer: 'https://issuer.example',
})

let api: Api
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api?.close())

/** An address of an operation, with ids that are well-formed and of nothing. */
const addressOf = ({ path, id }: { path: string; id: string }) =>
  path
    .replace('{client_id}', 'nobody')
    .replace('{secret_id}', '6f0c6b7e-7f0e-4f3e-9d9b-0b8f2f3a1c11')
    .replace(/\{(account|run|letter)_id\}/, '6f0c6b7e-7f0e-4f3e-9d9b-0b8f2f3a1c12')
    .replace('{event_id}', '1')
    .replace('{problem}', 'invalid') + (id === 'removeClient' ? '?reason=not%20needed' : '')

describe('the document', () => {
  it('is public, and describes every route, and no other', async () => {
    const described = Object.entries(api.document.paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method} ${path}`),
    )
    expect(described.sort()).toEqual(operations.map(({ method, path }) => `${method} ${path}`).sort())
    expect(new Set(operations.map(({ id }) => id)).size).toBe(operations.length)
  })

  it('gives every scope a use', () => {
    expect(new Set(operations.map(({ scope }) => scope).filter(Boolean))).toEqual(new Set(adminScopes))
  })

  it('has an answer at every route that it describes', async () => {
    for (const operation of operations) {
      const body = ['post', 'put'].includes(operation.method) ? {} : undefined
      const { status, body: answer } = await api.send(operation.method.toUpperCase(), addressOf(operation), { body })
      expect([operation.id, status < 500, answer.detail]).not.toEqual([operation.id, true, 'nothing has this address'])
      expect(status).toBeLessThan(500)
    }
  })
})

describe('the scopes', () => {
  it('open each operation to who has its scope, and to nobody else', async () => {
    for (const operation of operations) {
      const send = (sent: object) =>
        api.send(operation.method.toUpperCase(), addressOf(operation), {
          ...(['post', 'put'].includes(operation.method) && { body: {} }),
          ...sent,
        })
      if (!operation.scope) {
        expect([operation.id, (await send({ as: null })).status]).toEqual([operation.id, 200])
        continue
      }
      for (const scope of adminScopes) {
        const { status, headers } = await send({ scope })
        const refused = scope !== operation.scope
        expect([operation.id, scope, status === 403]).toEqual([operation.id, scope, refused])
        if (refused)
          expect(headers.get('www-authenticate')).toBe(
            `Bearer realm="admin", error="insufficient_scope", scope="${operation.scope}"`,
          )
      }
      expect((await send({ as: 'stranger' })).status).toBe(403)
      const without = await send({ as: null })
      expect([without.status, without.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="admin"'])
      for (const token of ['x', 'a'.repeat(43), 'eyJhbGciOiJub25lIn0.e30.'])
        expect((await send({ token })).headers.get('www-authenticate')).toContain('error="invalid_token"')
    }
  })

  it('are given to a service for which it was registered only', async () => {
    expect(await api.fetchToken('writer', api.secrets.writer ?? '', 'admin:audit:read')).toMatchObject({
      error: 'invalid_scope',
    })
  })

  it('take no token from the address, and no cookie', async () => {
    const token = await api.tokenOf('robot')
    const { status } = await api.send('GET', `/staff?access_token=${token}`, {
      as: null,
      headers: { Cookie: `console=${token}` },
    })
    expect(status).toBe(401)
  })
})

describe('what nobody answers', () => {
  it('is a problem with a reference, whatever is asked for', async () => {
    const unknown = await api.send('GET', '/nothing')
    expect([unknown.status, unknown.body]).toEqual([
      404,
      {
        type: '/admin/api/v1/problems/not-found',
        title: problems['not-found'].title,
        status: 404,
        detail: 'nothing has this address',
        reference: expect.stringMatching(/^[A-Z]\d-\d{4}$/),
      },
    ])
    const wrong = await api.send('PUT', '/clients', { body: {} })
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, expect.stringContaining('POST')])
    expect((await api.send('OPTIONS', '/clients')).status).toBe(204)
  })

  it('is JSON alone, of a length, and whole', async () => {
    const post = (body: unknown, headers: Record<string, string> = {}) =>
      api.send('POST', '/clients', { body, headers })
    expect((await post('a=b', { 'Content-Type': 'application/x-www-form-urlencoded' })).status).toBe(415)
    expect((await post('{}', { 'Content-Type': 'text/plain' })).status).toBe(415)
    expect((await post('{}', { 'Content-Encoding': 'gzip' })).status).toBe(415)
    expect((await post(JSON.stringify({ name: 'x'.repeat(70_000) }))).status).toBe(413)
    const broken = await post('{"name": "geheim')
    expect([broken.status, broken.text.includes('geheim')]).toEqual([400, false])
    expect((await api.send('GET', '/staff?a=1')).status).toBe(422)
    expect((await api.send('GET', '/clients?limit=1&limit=2')).status).toBe(400)
  })
})

describe('limits', () => {
  it('bound what a service asks in a minute, by itself alone', async () => {
    const statuses = new Set<number>()
    for (let round = 0; round < 61 && !statuses.has(429); round++)
      for (const { status, headers } of await Promise.all(
        Array.from({ length: 10 }, () => api.send('GET', '/clients?limit=1', { as: 'writer' })),
      )) {
        statuses.add(status)
        if (status === 429) expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
      }
    expect([...statuses].sort()).toEqual([200, 429])
    expect((await api.send('GET', '/clients?limit=1')).status).toBe(200)
  })
})
