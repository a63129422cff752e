import { beforeEach, expect, it } from 'vitest'
import { createClientStore } from '../../../src/stores/clients/clients.ts'
import { newClient, newService } from '../../support/clients.ts'
import { describeOnBoth } from '../../support/stores/databases.ts'
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
      ...{ client, subjectType: 'public', managedBy: 'clients.yaml', goneAt: null, changedAt: now },
      ...{ suspendedAt: null, suspendedReason: null },
      secrets: [expect.objectContaining({ hash: 'hash-of-a-secret', name: 'clients.yaml', managedBy: 'clients.yaml' })],
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
    expect([await store().lift('portal', later), await store().lift('portal', later)]).toEqual([true, false])
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

  it('has the secrets that are brought along, and keeps what was brought when they are made here', async () => {
    const hashes = async () => (await store().find('portal'))?.secrets.map(({ hash, name }) => `${name} ${hash}`)
    const secretReferences = ['env:A', 'env:B']
    await store().save([newClient({ secretHashes: ['a', 'b'], secretReferences })], 'clients.yaml', now)
    expect(await hashes()).toEqual(['env:A a', 'env:B b'])
    await store().save(
      [newClient({ secretHashes: ['c', 'b', 'b'], secretReferences: ['env:C', 'env:B'] })],
      'clients.yaml',
      later,
    )
    expect((await hashes())?.sort()).toEqual(['env:B b', 'env:C c'])
    await store().save([newClient({ secretHashes: [], secretsMadeHere: true })], 'clients.yaml', later)
    expect((await hashes())?.sort()).toEqual(['env:B b', 'env:C c'])
    expect((await store().find('portal'))?.client.secretHashes).toEqual([])
    await store().save([newClient({ secretHashes: [] })], 'clients.yaml', later)
    expect(await hashes()).toEqual([])
  })

  it('is removed where staff look after it, and is not there any more', async () => {
    await store().save([newClient(), newClient({ clientId: 'mine' })], 'clients.yaml', now)
    await store().save([newClient({ clientId: 'of-staff' })], null, now)
    const removed = async (id: string) => await store().remove(id, later)
    expect([await removed('mine'), await removed('of-staff'), await removed('of-staff')]).toEqual([false, true, false])
    expect(await store().find('of-staff')).toBeNull()
    expect((await store().list({ limit: 9 })).map(({ client }) => client.clientId)).toEqual(['mine', 'portal'])
    expect(await store().suspend('of-staff', later)).toBe(false)
    expect(await store().save([newClient({ clientId: 'of-staff' })], null, later)).toEqual([])
    expect(await database()('clients').where({ client_id: 'of-staff' }).pluck('contacts')).toEqual([null])
  })

  it('names services with scopes that are of no resource', async () => {
    const clients = [
      newService({ clientId: 'a', scopes: ['x'] }),
      newService({ clientId: 'b', scopes: ['x', 'y'] }),
      newClient({ clientId: 'c' }),
    ]
    await store().save(clients, null, now)
    expect(await store().servicesBeyond(['x'], ['clients.yaml'])).toEqual(['b'])
    expect(await store().servicesBeyond(['x', 'y'], ['clients.yaml'])).toEqual([])
  })
})
