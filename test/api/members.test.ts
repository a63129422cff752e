import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ask } from '../support/stores/database.ts'
import { lena } from '../support/walk.ts'
import { type Api, startApi } from './support.ts'

let api: Api
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api?.close())

const reason = 'calls, no letter'
const idOf = async (username: string) =>
  (await ask<{ id: string }>(api.app, 'select id from accounts where username = $1', [username]))[0]?.id ?? ''
const eventsOf = (id: string) =>
  ask<{ type: string; actor: string; data: object }>(
    api.app,
    'select type, actor, data from audit_events where account_id = $1 order by id',
    [id],
  )
const lookUp = (query: string, client = api.client()) => client.POST('/member-look-ups', { body: { query, reason } })
const at = (account_id: string) => ({ params: { path: { account_id } } })

describe('a member', () => {
  it('is found by a whole number or name, with a reason, masked, and sees it', async () => {
    const id = await idOf(lena.username)
    for (const query of [lena.insuranceNumber, lena.username, id])
      expect((await lookUp(query)).data?.members).toMatchObject([{ account_id: id, username: 'le•••' }])
    const data = (await lookUp(id)).data?.member
    expect([data?.account_id, data?.state]).toEqual([id, 'active'])
    expect(data?.masked).toMatchObject({ username: 'le•••', insurance_number: expect.stringMatching(/^C•+55$/) })
    const text = JSON.stringify(data)
    for (const each of [lena.insuranceNumber, lena.username, lena.email, lena.mobile, 'Lena'])
      expect(text).not.toContain(each)
    const looked = (await eventsOf(id)).filter(({ type }) => type === 'member_looked_up')
    expect(looked.map(({ actor, data }) => [actor, data])).toEqual(
      ['insurance_number', 'username', 'account', 'account'].map((by) => ['client:robot', { by, reason }]),
    )
    expect(data?.history.events.some(({ type }) => type === 'member_looked_up')).toBe(true)
  })

  it('is not found by a part, nor without a reason', async () => {
    expect((await lookUp('lena.hub')).data).toEqual({ members: [], member: null })
    expect((await lookUp('%')).response.status).toBe(422)
    const { error, response } = await api
      .client()
      .POST('/member-look-ups', { body: { query: lena.username, reason: ' ' } })
    expect([response.status, error?.errors?.[0]?.pointer]).toEqual([422, '/reason'])
  })

  it('is not touched without a reason, and every touch is a look that he sees', async () => {
    const id = await idOf('josef.bauer')
    for (const [path, body] of [
      ['identification', { answer: 'x' }],
      ['acts', { act: 'suspend' }],
      ['end', {}],
    ] as const) {
      const send = (address: string, more: object) =>
        api.send('POST', `/members/${address}/${path}`, { body: { ...body, ...more } })
      const without = await send(id, {})
      expect([path, without.status, without.body.errors]).toEqual([
        path,
        422,
        [expect.objectContaining({ pointer: '/reason' })],
      ])
      expect((await send(randomUUID(), { reason })).status).toBe(404)
    }
    expect((await eventsOf(id)).filter(({ type }) => type === 'member_looked_up')).toEqual([])
    const unasked = await api.send('POST', `/members/${id}/identification`, { body: { answer: 'x', reason } })
    expect([unasked.status, unasked.body.detail]).toEqual([409, 'There is no question.'])
    expect((await eventsOf(id)).map(({ type }) => type).at(-1)).toBe('member_looked_up')
  })

  it('is looked up by one service sixty times an hour, and no more', async () => {
    const statuses = new Set<number>()
    for (let round = 0; round < 7 && !statuses.has(429); round++)
      for (const { response } of await Promise.all(
        Array.from({ length: 10 }, () => lookUp('nobody.here', api.client('desk'))),
      ))
        statuses.add(response.status)
    expect(statuses).toEqual(new Set([200, 429]))
    expect((await lookUp(lena.username)).response.status).toBe(200)
  })

  it('is identified by the answer, three times an hour, and never by more than right or wrong', async () => {
    const id = await idOf(lena.username)
    const say = (answer: string) =>
      api.client().POST('/members/{account_id}/identification', { ...at(id), body: { answer, reason } })
    expect((await say('Wiesengrund')).data).toEqual({ right: true })
    for (let n = 0; n < 3; n++) expect((await say('Ahornweg')).data).toEqual({ right: false })
    const { response } = await say('Wiesengrund')
    expect([response.status, Number(response.headers.get('retry-after'))]).toEqual([429, expect.any(Number)])
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(60)
  })

  it('is suspended and given back, once each, and told', async () => {
    const id = await idOf('josef.bauer')
    const help = (act: 'suspend' | 'lift') =>
      api.client().POST('/members/{account_id}/acts', { ...at(id), body: { act, reason } })
    const all = await Promise.all(Array.from({ length: 8 }, () => help('suspend')))
    expect(all.map(({ response }) => response.status).sort()).toEqual([200, ...Array(7).fill(409)])
    expect(all.find(({ data }) => data)?.data?.state).toBe('suspended')
    const lifted = await help('lift')
    expect([lifted.data?.state, lifted.data?.acts]).toEqual(['letter_posted', expect.arrayContaining(['suspend'])])
    const given = (await eventsOf(id)).filter(({ type }) => type === 'help_given')
    expect(given.map(({ actor, data }) => [actor, data])).toEqual([
      ['client:robot', { act: 'suspend', reason }],
      ['client:robot', { act: 'lift', reason }],
    ])
  })

  it('ends by two: the service asks, and staff decide', async () => {
    const id = await idOf(lena.username)
    const end = () => api.client().POST('/members/{account_id}/end', { ...at(id), body: { reason } })
    const asked = await end()
    expect([asked.response.status, asked.data]).toMatchObject([
      202,
      { act: 'account.end', subject: id, decision: null },
    ])
    expect((await end()).data?.id).toBe(asked.data?.id)
    expect((await lookUp(id)).data?.member?.state).toBe('active')
  })
})
