import { beforeEach, expect, it } from 'vitest'
import { createClientStore } from '../../../src/stores/clients/clients.ts'
import { newClient, newService } from '../../support/clients.ts'
import { describeOnBoth, sixteenTimes } from '../../support/stores/databases.ts'
import { createProtection } from '../../support/stores/protection.ts'

const now = new Date('2026-11-24T09:00:00Z')
const later = new Date('2026-11-25T09:00:00Z')
const protection = createProtection()

describeOnBoth('clients', (database) => {
  const store = () => createClientStore(database(), protection)
  beforeEach(() => database()('clients').delete())

  it('gives back what was registered, and keeps addresses of persons encrypted', async () => {
    const client = newClient({ jwks: { keys: [{ kty: 'EC' }] }, clientUri: 'https://portal.example/' })
    expect(await store().save([client], 'clients.yaml', now)).toEqual(['portal'])
    expect(await store().find('portal')).toEqual({
      ...{ client, subjectType: 'public', managedBy: 'clients.yaml', suspendedAt: null, goneAt: null, changedAt: now },
    })
    expect(JSON.stringify(await database()('clients').select())).not.toContain('team@')
    expect(await store().find('Portal')).toBeNull()
  })

  it('changes a client for the hand that registered it, and for no other', async () => {
    await store().save([newClient()], 'clients.yaml', now)
    const changed = newClient({ name: 'Neu', secretHashes: ['a', 'b'], contacts: [] })
    for (const other of [null, 'demo/clients.yaml'])
      expect(await store().save([changed, newClient({ clientId: `of-${other}` })], other, later)).toEqual([
        `of-${other}`,
      ])
    expect((await store().find('portal'))?.client.name).toBe('Portal')
    await store().save([changed], 'clients.yaml', later)
    expect(await store().find('portal')).toMatchObject({ client: changed, changedAt: later })
  })

  it('keeps the subject type that it got when it was registered', async () => {
    const typeOf = async (clientId: string) => (await store().find(clientId))?.subjectType
    const clients = (...firstParty: boolean[]) =>
      firstParty.map((each, index) => newClient({ clientId: String(index), firstParty: each }))
    await store().save(clients(true, false, true), null, now)
    // Registered before it was kept: it went by the standing.
    await database()('clients')
      .where({ client_id: '2' })
      .update({ registration: database().raw("registration - 'subjectType'") })
    expect(await Promise.all(['0', '1', '2'].map(typeOf))).toEqual(['public', 'pairwise', 'public'])
    for (const standings of [clients(false, true, false), clients(true, false, true)]) {
      await store().save(standings, null, later)
      expect(await Promise.all(['0', '1', '2'].map(typeOf))).toEqual(['public', 'pairwise', 'public'])
      expect((await store().find('0'))?.client).toEqual(standings[0])
    }
  })

  it('is listed page by page', async () => {
    await store().save(
      ['c', 'a', 'b'].map((clientId) => newClient({ clientId })),
      null,
      now,
    )
    const ids = async (page: { after?: string; limit: number }) =>
      (await store().list(page)).map(({ client }) => client.clientId)
    expect([await ids({ limit: 2 }), await ids({ after: 'b', limit: 2 })]).toEqual([['a', 'b'], ['c']])
  })

  it('is suspended and let in again once', async () => {
    await store().save([newClient()], null, now)
    expect([await store().suspend('portal', later), await store().suspend('portal', later)]).toEqual([true, false])
    expect(await store().find('portal')).toMatchObject({ suspendedAt: later, goneAt: null })
    expect([await store().resume('portal', later), await store().resume('portal', later)]).toEqual([true, false])
    expect(await store().find('portal')).toMatchObject({ suspendedAt: null })
    expect(await store().suspend('nobody', later)).toBe(false)
  })

  it('forgets whom to write to when its entry is gone, and stays suspended when it comes back', async () => {
    await store().save([newClient()], 'clients.yaml', now)
    await store().suspend('portal', now)
    const ids = ['portal', 'nobody']
    expect([await store().leave(ids, later), await store().leave(ids, later)]).toEqual([['portal'], []])
    expect(await store().find('portal')).toMatchObject({ goneAt: later, client: { contacts: [] } })
    expect([await store().comeBack(ids, later), await store().comeBack(ids, later)]).toEqual([['portal'], []])
    expect(await store().find('portal')).toMatchObject({ goneAt: null, suspendedAt: now })
  })

  it('takes two secrets that are made here and no third, the newest first', async () => {
    await store().save([newService()], null, now)
    expect(await store().endOlderSecret('nightly', now)).toBe(false)
    for (const [hash, taken] of [
      ['1', true],
      ['2', true],
      ['3', false],
    ] as const)
      expect(await store().addSecret('nightly', hash, later)).toBe(taken)
    await store().save([newService({ name: 'Other' })], null, later)
    expect((await store().find('nightly'))?.client).toMatchObject({ name: 'Other', secretHashes: ['2', '1'] })
    expect([await store().endOlderSecret('nightly', later), await store().endOlderSecret('nightly', later)]).toEqual([
      true,
      false,
    ])
    expect((await store().find('nightly'))?.client.secretHashes).toEqual(['2'])
  })

  it('makes no secret for a client that brings its own', async () => {
    await store().save([newClient()], null, now)
    expect(await store().addSecret('portal', 'x', now)).toBe(false)
    expect((await store().find('portal'))?.client.secretHashes).toEqual(['hash-of-a-secret'])
  })

  it('takes one of sixteen secrets that are made at once beside the one in use', async () => {
    await store().save([newService()], null, now)
    await store().addSecret('nightly', 'in-use', now)
    const taken = await sixteenTimes((n) => store().addSecret('nightly', `new-${n}`, now))
    expect(taken.filter(Boolean)).toHaveLength(1)
    const hashes = (await store().find('nightly'))?.client.secretHashes
    expect(hashes).toEqual([`new-${taken.indexOf(true)}`, 'in-use'])
  })

  it('names services with scopes that are of no resource', async () => {
    const clients = [
      newService({ clientId: 'a', scopes: ['x'] }),
      newService({ clientId: 'b', scopes: ['x', 'y'] }),
      newClient({ clientId: 'c' }),
    ]
    await store().save(clients, null, now)
    expect(await store().servicesBeyond(['x'], 'clients.yaml')).toEqual(['b'])
    expect(await store().servicesBeyond(['x', 'y'], 'clients.yaml')).toEqual([])
  })
})
