import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCommand } from '../cli/installation.ts'
import { waitFor } from '../support/wait.ts'
import { type Api, startApi } from './support.ts'

let api: Api
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api?.close())

describe('an application', () => {
  it('is shown without its secrets, and known again by its ETag', async () => {
    const read = await api.send('GET', '/clients/stranger')
    expect(read.body).toMatchObject({
      client_id: 'stranger',
      kind: 'service',
      managed_by: 'clients.yaml',
      state: 'active',
    })
    expect(read.text).not.toMatch(/hash|client_secret"/i)
    const etag = read.headers.get('etag') ?? ''
    expect((await api.send('GET', '/clients/stranger', { headers: { 'If-None-Match': etag } })).status).toBe(304)
    expect((await api.send('GET', '/clients/nobody')).body.type).toBe('/admin/api/v1/problems/not-found')
  })

  it('that is suspended gets nothing by the token that it has', async () => {
    expect((await api.send('GET', '/clients', { as: 'reader' })).status).toBe(200)
    const command = ['clients:suspend', 'reader', '--operator', 'k.weber']
    await runCommand(command, {
      variables: { NODE_ENV: 'development', ...api.app.storage },
      osAccount: () => 'kweber',
    })
    await waitFor(async () => (await api.send('GET', '/clients', { as: 'reader' })).status === 401, 10)
  })
})

describe('the list', () => {
  it('goes page by page', async () => {
    const ids: string[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const { body } = await api.send('GET', `/clients?limit=2${cursor && `&cursor=${encodeURIComponent(cursor)}`}`)
      ids.push(...body.clients.map((each: { client_id: string }) => each.client_id))
      cursor = body.next
    }
    expect(ids).toEqual([...new Set(ids)].sort())
    expect(ids).toEqual(expect.arrayContaining(['reader', 'robot', 'stranger']))
  })
})

describe('the audit log', () => {
  it('is read by filters, page by page', async () => {
    const first = await api.send('GET', '/audit/events?what=operation&limit=1')
    expect(first.body.events).toHaveLength(1)
    const [event] = first.body.events
    expect((await api.send('GET', `/audit/events/${event.id}`)).body).toEqual(event)
    const rest = await api.send('GET', `/audit/events?what=operation&limit=200&cursor=${first.body.next}`)
    expect(rest.body.events.map(({ id }: { id: string }) => id)).not.toContain(event.id)
    const wrong = await api.send('GET', '/audit/events?what=nonsense')
    expect([wrong.status, wrong.body.errors]).toEqual([
      422,
      [{ pointer: '/what', detail: 'nothing is known by that name' }],
    ])
  })
})
