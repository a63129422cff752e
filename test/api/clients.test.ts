import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { waitFor } from '../support/wait.ts'
import { type Api, startApi, web } from './support.ts'

let api: Api
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api?.close())

const etag = ({ headers }: { headers: Headers }) => headers.get('etag') ?? ''
const input = { name: 'Portal', kind: 'web', ...web }
const put = (id: string, body: object, headers: Record<string, string>) =>
  api.send('PUT', `/clients/${id}`, { body, headers })
const fresh = { 'If-None-Match': '*' }

describe('an application', () => {
  it('goes from nothing to its first token in one call', async () => {
    const made = await api.send('POST', '/clients', {
      body: { client_id: 'nightly', name: 'Nightly', kind: 'service', scopes: ['admin:clients:read'] },
    })
    expect([made.status, made.headers.get('location')]).toEqual([201, '/admin/api/v1/clients/nightly'])
    const { client_secret: secret } = made.body as { client_secret: string }
    const { access_token: token } = await api.fetchToken('nightly', secret, 'admin:clients:read')
    const list = await api.send('GET', '/clients', { token: token ?? '' })
    expect(list.status).toBe(200)
    expect(list.text).not.toContain(secret)
    const { body } = await api.send('GET', '/audit/events?client=nightly')
    const events = (body as { events: { type: string; actor: string }[] }).events
    expect(events.map(({ type, actor }) => [type, actor])).toEqual([
      ['client_secret_added', 'client:robot'],
      ['client_registered', 'client:robot'],
    ])
  })

  it('is registered, read, and replaced whole', async () => {
    const made = await put('portal', input, fresh)
    expect(made.status).toBe(201)
    const read = await api.send('GET', '/clients/portal')
    expect([read.body, etag(read)]).toEqual([made.body, etag(made)])
    expect((await api.send('GET', '/clients/portal', { headers: { 'If-None-Match': etag(read) } })).status).toBe(304)
    const { name, kind, redirect_uris, scopes } = read.body
    const changed = await put(
      'portal',
      { name: `${name} neu`, kind, redirect_uris, scopes },
      { 'If-Match': etag(read) },
    )
    expect([changed.status, changed.body.name]).toEqual([200, 'Portal neu'])
    expect(etag(changed)).not.toBe(etag(read))
  })

  it('is changed by whoever has read it last, and by one of many at once', async () => {
    const { headers } = await put('race', input, fresh)
    const ifMatch = { 'If-Match': headers.get('etag') ?? '' }
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, n) => put('race', { ...input, name: `Version ${n}` }, ifMatch)),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(7).fill(412)])
    expect((await put('race', input, {})).status).toBe(428)
    expect((await put('race', input, fresh)).status).toBe(412)
    expect((await put('never-there', input, ifMatch)).status).toBe(412)
    const many = await Promise.all(Array.from({ length: 8 }, () => put('new-race', input, fresh)))
    expect(many.map(({ status }) => status).filter((status) => status === 201)).toHaveLength(1)
  })

  it('says what staff are told, and is let in nowhere as a draft', async () => {
    const told = { description: 'Zum Probieren', owner: 'Team Portal', environment: 'test' }
    const more = { ...told, acr_minimum: 'urn:meine-aok:acr:password-mtan', draft: true }
    const made = await api.send('POST', '/clients', { body: { client_id: 'sketch', ...input, ...more } })
    expect([made.status, made.body]).toMatchObject([201, { ...more, state: 'draft' }])
    const tokenOf = () =>
      fetch(`${api.app.issuer}/oidc/token`, {
        method: 'POST',
        headers: { authorization: `Basic ${Buffer.from(`sketch:${made.body.client_secret}`).toString('base64')}` },
        body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: 'none' }),
      })
    expect(await (await tokenOf()).json()).toMatchObject({
      ...{ error: 'invalid_client', error_description: 'client is not active yet' },
    })
    const unsaid = await put('sketch', { ...input, ...told }, { 'If-Match': etag(made) })
    expect(unsaid.body).toMatchObject({ ...told, draft: true, state: 'draft' })
    expect(unsaid.body).not.toHaveProperty('acr_minimum')
    const active = await put('sketch', { ...input, draft: false }, { 'If-Match': etag(unsaid) })
    expect(active.body).toMatchObject({ draft: false, state: 'active', environment: 'live' })
    await waitFor(async () => (await tokenOf()).status === 400, 10)
    expect((await put('other', { ...input, acr_minimum: 'phr' }, fresh)).status).toBe(422)
  })

  it('takes what the document names and nothing else', async () => {
    for (const more of [
      { managed_by: null },
      { state: 'active' },
      { secretHashes: ['x'] },
      { secret_hashes: [] },
      { clientId: 'x' },
      { suspended_reason: null },
    ]) {
      const { status, body } = await put('mass', { ...input, ...more }, fresh)
      expect([status, body.errors]).toEqual([
        422,
        [{ pointer: `/${Object.keys(more)[0]}`, detail: 'is no field of this' }],
      ])
    }
    const bad = await put('mass', { ...input, redirect_uris: ['http://evil.example/*'] }, fresh)
    expect([bad.status, bad.body.errors]).toEqual([422, [expect.objectContaining({ pointer: '/redirect_uris/0' })]])
    expect((await put('mass', { ...input, first_party: true }, fresh)).body.type).toContain('takes-two')
    expect((await api.send('GET', '/clients/mass')).status).toBe(404)
  })

  it('of a file is the file’s', async () => {
    const read = await api.send('GET', '/clients/stranger')
    expect(read.body.managed_by).toBe('clients.yaml')
    const changed = await put('stranger', { name: 'Mine', kind: 'service' }, { 'If-Match': etag(read) })
    expect([changed.status, changed.body.type]).toEqual([409, '/admin/api/v1/problems/managed'])
  })

  it('is suspended, which its token feels, and lifted', async () => {
    const made = await api.send('POST', '/clients', {
      body: { client_id: 'soon-out', name: 'Soon out', kind: 'service', scopes: ['admin:clients:read'] },
    })
    const { access_token: token = '' } = await api.fetchToken(
      'soon-out',
      String(made.body.client_secret),
      'admin:clients:read',
    )
    expect((await api.send('GET', '/clients', { token })).status).toBe(200)
    const suspended = await api.send('POST', '/clients/soon-out/suspension', { body: { reason: 'Secret got known' } })
    expect(suspended.body).toMatchObject({ state: 'suspended', suspended_reason: 'Secret got known' })
    await waitFor(async () => (await api.send('GET', '/clients', { token })).status === 401, 10)
    expect((await api.send('DELETE', '/clients/soon-out/suspension')).body.state).toBe('active')
  })

  it('is removed by two: the service asks, and staff decide', async () => {
    await put('leaving', input, fresh)
    const asked = await api.send('DELETE', '/clients/leaving?reason=Not%20needed%20any%20more')
    expect([asked.status, asked.body]).toMatchObject([
      202,
      { act: 'client.remove', asked_by: 'client:robot', decision: null },
    ])
    expect((await api.send('DELETE', '/clients/leaving?reason=once%20more')).body.id).toBe(asked.body.id)
    expect((await api.send('GET', '/clients/leaving')).status).toBe(200)
    const { open } = (await api.send('GET', '/approvals')).body as { open: { id: string }[] }
    expect(open.map(({ id }) => id)).toContain(asked.body.id)
    expect((await api.send('DELETE', '/clients/leaving')).status).toBe(422)
  })

  it('with more than the caller has is not the caller’s', async () => {
    const more = { name: 'More', kind: 'service', scopes: ['admin:audit:read'] }
    const beyond = '/admin/api/v1/problems/beyond-own-scopes'
    const made = await api.send('PUT', '/clients/more', { as: 'writer', body: more, headers: fresh })
    expect([made.status, made.body.type]).toEqual([403, beyond])
    const there = await put('more', more, fresh)
    const secret = await api.send('POST', '/clients/more/secrets', { as: 'writer', body: {} })
    expect([secret.status, secret.body.type]).toEqual([403, beyond])
    const less = { ...more, scopes: [] }
    const changed = await api.send('PUT', '/clients/more', {
      as: 'writer',
      body: less,
      headers: { 'If-Match': etag(there) },
    })
    expect(changed.status).toBe(403)
  })
})

describe('the list', () => {
  it('goes page by page', async () => {
    const ids: string[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const { body } = await api.send('GET', `/clients?limit=2${cursor && `&cursor=${encodeURIComponent(cursor)}`}`)
      const page = body as { clients: { client_id: string }[]; next: string | null }
      ids.push(...page.clients.map((each) => each.client_id))
      cursor = page.next
    }
    expect(ids).toEqual([...new Set(ids)].sort())
    expect(ids).toEqual(expect.arrayContaining(['robot', 'stranger', 'writer']))
  })
})

describe('an Idempotency-Key', () => {
  it('gives sixteen requests at once one effect and one answer', async () => {
    await api.create('keyed')
    const first = (await api.send('GET', '/clients/keyed/secrets')).body as { secrets: { id: string }[] }
    await api.send('DELETE', `/clients/keyed/secrets/${first.secrets[0]?.id}`)
    const add = (key: string, body: object = { name: 'second' }) =>
      api.send('POST', '/clients/keyed/secrets', { body, headers: { 'Idempotency-Key': key } })
    const answers = await Promise.all(Array.from({ length: 16 }, () => add('k1')))
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1)
    expect(answers[0]?.status).toBe(201)
    const { secrets } = (await api.send('GET', '/clients/keyed/secrets')).body as { secrets: { ended_at: unknown }[] }
    expect(secrets.filter((each) => each.ended_at === null)).toHaveLength(1)
    expect((await add('k1', { name: 'third' })).body.type).toContain('key-reused')
    expect((await add('two words')).status).toBe(400)
    // Another client's key is another key.
    expect(
      (
        await api.send('POST', '/clients/keyed/secrets', {
          as: 'writer',
          body: {},
          headers: { 'Idempotency-Key': 'k1' },
        })
      ).status,
    ).toBe(201)
    // A refusal is not kept: with room for it, the same key works.
    expect((await add('k2')).status).toBe(409)
    const { secrets: now } = (await api.send('GET', '/clients/keyed/secrets')).body as {
      secrets: { id: string; ended_at: unknown }[]
    }
    await api.send('DELETE', `/clients/keyed/secrets/${now.find((each) => each.ended_at === null)?.id}`)
    expect((await add('k2')).status).toBe(201)
  })
})
