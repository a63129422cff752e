import { afterAll, beforeEach, expect, it } from 'vitest'
import { createClientServices } from '../../../src/app/services/clients.ts'
import { hashToken } from '../../../src/crypto/field-encryption.ts'
import { createRandom } from '../../../src/crypto/random.ts'
import type { Client } from '../../../src/domain/clients/client.ts'
import type { ReadClientFile } from '../../../src/services/clients/files.ts'
import { type OpenDatabase, openDatabase } from '../../../src/stores/database/database.ts'
import { emptyAuditLog } from '../../support/audit.ts'
import { newClient, newService } from '../../support/clients.ts'
import { createServiceWorld } from '../../support/services.ts'
import { describeOnDatabase, describeOnServer, sixteenTimes, urlOf } from '../../support/stores/databases.ts'
import { createProtection } from '../../support/stores/protection.ts'

const actor = 'cli:k.weber (os:kweber)'

/** A file whose digest follows from what it says. */
const fileOf = (clients: Client[], changes: Partial<ReadClientFile> = {}): ReadClientFile => ({
  ...{ name: 'clients.yaml', restsOn: ['env:SECRET'], defaultClient: null, resources: [] },
  digest: JSON.stringify([clients, changes]),
  clients,
  ...changes,
})

/** One for all: what a process writes, the others read. */
const protection = createProtection()

function createWorld(db: Parameters<typeof createServiceWorld>[0]) {
  const world = createServiceWorld(db, undefined, protection)
  const clients = createClientServices({ ...world, random: createRandom() })
  const apply = (file: ReadClientFile, dryRun = false) => clients.files.apply(file, { actor, dryRun })
  const events = async () =>
    (await db('audit_events').where('type', 'like', 'client%').orderBy('id')).map(({ type, actor: by, data }) => ({
      type,
      by,
      ...data,
    }))
  const empty = async () => {
    for (const table of ['clients', 'client_files', 'client_resources']) await db(table).delete()
    await emptyAuditLog(db)
  }
  return { ...clients, apply, events, empty, save: world.stores.clients.save }
}

describeOnDatabase('a file of applications', (database) => {
  let world: ReturnType<typeof createWorld>
  beforeEach(async () => {
    world = createWorld(database())
    await world.empty()
  })

  it('is applied once, and is the only one to change what it names', async () => {
    const file = fileOf([newClient()], { defaultClient: 'portal' })
    expect(await world.apply(file, true)).toMatchObject({ outcome: 'planned', changes: [{ clientId: 'portal' }] })
    expect(await world.find('portal')).toBeNull()
    expect(await world.apply(file)).toEqual({
      ...{ outcome: 'applied', changes: [{ clientId: 'portal', change: 'registered', fields: [] }] },
    })
    expect(await world.apply(file)).toEqual({ outcome: 'unchanged' })
    expect((await world.directory.defaultClient())?.client).toEqual(newClient({ contacts: [] }))
    expect(await world.change(newClient({ name: 'Else' }), actor)).toEqual({ reason: 'managed' })
    expect(await world.events()).toMatchObject([
      { type: 'client_registered', by: actor, clientId: 'portal', managedBy: 'clients.yaml' },
      { type: 'client_file_applied', by: actor, file: 'clients.yaml', defaultClient: 'portal' },
    ])
  })

  it('lets nobody in any more whose entry has vanished, and leaves alone whom others have registered', async () => {
    await world.change(newClient({ clientId: 'of-staff' }), actor)
    await world.apply(fileOf([newClient(), newClient({ clientId: 'stays' })]))
    await world.apply(fileOf([newClient({ clientId: 'stays', name: 'Neu' })]))
    expect((await world.find('portal'))?.goneAt).toBeInstanceOf(Date)
    expect((await world.find('of-staff'))?.goneAt).toBeNull()
    await world.apply(fileOf([newClient(), newClient({ clientId: 'stays', name: 'Neu' })]))
    expect(await world.find('portal')).toMatchObject({ goneAt: null, client: newClient() })
    const types = (await world.events())
      .filter(({ clientId }) => clientId)
      .map(({ type, clientId }) => `${type} ${clientId}`)
    expect(types.slice(1)).toEqual([
      ...['client_registered portal', 'client_registered stays', 'client_changed stays', 'client_gone portal'],
      ...['client_changed portal', 'client_back portal'],
    ])
  })

  it('does not bring back whom an operator has suspended, and whom he resumes waits for the entry', async () => {
    await world.apply(fileOf([newClient()]))
    await world.suspend('portal', actor)
    await world.apply(fileOf([]))
    await world.apply(fileOf([newClient()]))
    expect(await world.find('portal')).toMatchObject({ goneAt: null, suspendedAt: expect.any(Date) })
    await world.apply(fileOf([]))
    await world.resume('portal', actor)
    expect(await world.find('portal')).toMatchObject({ goneAt: expect.any(Date), suspendedAt: null })
  })

  it.each<[string, ReadClientFile, RegExp]>([
    ['an id of another hand', fileOf([newClient({ clientId: 'of-staff' })]), /of-staff is registered by staff/],
    [
      'an application that oidc-provider does not take',
      fileOf([newClient({ clientUri: 'mailto:team@portal.example' })]),
      /portal is not valid: client_uri must be a web uri/,
    ],
    [
      'a scope that a service of others has',
      fileOf([]),
      /of-staff-service has scopes that are of no resource any more/,
    ],
  ])('is refused whole for %s', async (_, file, message) => {
    await world.apply(fileOf([], { resources: [{ name: 'reports', scopes: ['reports:read'] }] }))
    await world.change(newClient({ clientId: 'of-staff' }), actor)
    await world.change(newService({ clientId: 'of-staff-service', scopes: ['reports:read'] }), actor)
    const others = file.clients.length > 0 ? { resources: [{ name: 'reports', scopes: ['reports:read'] }] } : {}
    const refused = await world.apply({
      ...file,
      ...others,
      clients: [newClient({ clientId: 'first' }), ...file.clients],
    })
    expect(refused).toEqual({ outcome: 'refused', faults: [expect.stringMatching(message)] })
    expect(await world.find('first')).toBeNull()
  })

  it('lets in a client whose contacts cannot be opened, says that they cannot, and mends them with the next file', async () => {
    await world.apply(fileOf([newClient(), newClient({ clientId: 'second' })]))
    const [{ contacts }] = await database()('clients').where({ client_id: 'second' }).select('contacts')
    await database()('clients').where({ client_id: 'portal' }).update({ contacts })
    expect(await world.directory.find('portal')).toMatchObject({ client: { clientId: 'portal', contacts: [] } })
    expect(await world.list({ limit: 2 })).toMatchObject([
      { client: { clientId: 'portal', contacts: [] }, contactsUnreadable: true },
      { client: { clientId: 'second', contacts: ['team@portal.example'] } },
    ])
    expect(await world.apply(fileOf([newClient(), newClient({ clientId: 'second', name: 'Neu' })]))).toMatchObject({
      changes: [
        { clientId: 'portal', fields: ['contacts'] },
        { clientId: 'second', fields: ['name'] },
      ],
    })
    expect(await world.find('portal')).toMatchObject({ client: newClient() })
    expect(await world.find('portal')).not.toHaveProperty('contactsUnreadable')
  })

  it('is planned and applied without a look at the clients of others', async () => {
    const many = Array.from({ length: 10_000 }, (_, n) => newClient({ clientId: `app-${n}`, contacts: [] }))
    await world.save(many, null, new Date())
    const file = fileOf([newClient()])
    await world.apply(file)
    const rows: number[] = []
    const note = (response: { rows?: unknown[] } | unknown[]) =>
      void rows.push((Array.isArray(response) ? response : (response?.rows ?? [])).length)
    database().on('query-response', note)
    expect(await world.apply(file)).toEqual({ outcome: 'unchanged' })
    expect(await world.apply(fileOf([newClient({ name: 'Neu' })]))).toMatchObject({ outcome: 'applied' })
    expect(await world.directory.find('app-9999')).toBeDefined()
    database().removeListener('query-response', note)
    expect(Math.max(...rows)).toBeLessThan(10)
  })
})

describeOnDatabase('clients that no file manages', (database) => {
  let world: ReturnType<typeof createWorld>
  beforeEach(async () => {
    world = createWorld(database())
    await world.empty()
  })

  it('are held to the same rules, and changed only where they differ', async () => {
    expect(await world.change(newService({ scopes: ['reports:read'] }), actor)).toMatchObject({
      ...{ reason: 'invalid', faults: [{ field: 'scopes', index: 0 }] },
    })
    expect(await world.change(newClient({ redirectUris: ['https://*.example/'] }), actor)).toMatchObject({
      reason: 'invalid',
    })
    for (const changed of [true, false]) expect(await world.change(newClient(), actor)).toEqual({ changed })
    expect(await world.change(newClient({ name: 'Neu' }), actor)).toEqual({ changed: true })
    expect((await world.events()).map(({ type }) => type)).toEqual(['client_registered', 'client_changed'])
  })

  it('have two secrets while one follows the other, and each is told once', async () => {
    await world.change(newService(), actor)
    const first = await world.addSecret('nightly', actor)
    const second = await world.addSecret('nightly', actor)
    if ('reason' in first || 'reason' in second) throw new Error('no secret')
    expect(first.secret).toMatch(/^[0-9a-f]{64}$/)
    expect((await world.find('nightly'))?.client.secretHashes).toEqual(
      [second, first].map(({ secret }) => hashToken(secret)),
    )
    expect(await world.addSecret('nightly', actor)).toEqual({ reason: 'two_valid' })
    expect(await world.endOlderSecret('nightly', actor)).toBe('ended')
    expect((await world.find('nightly'))?.client.secretHashes).toEqual([hashToken(second.secret)])
    expect(await world.endOlderSecret('nightly', actor)).toEqual({ reason: 'only_one' })
    expect(await world.addSecret('nobody', actor)).toEqual({ reason: 'unknown' })
    await world.change(newClient(), actor)
    expect(await world.addSecret('portal', actor)).toEqual({ reason: 'brought_along' })
    const told = JSON.stringify(await world.events())
    for (const { secret } of [first, second]) expect(told).not.toContain(secret)
  })
})

describeOnServer('many hands at once', (database) => {
  const others: OpenDatabase[] = []
  afterAll(async () => {
    for (const other of others) await other.close()
  })
  /** Two processes: each has connections of its own. */
  const openWorlds = async () => {
    const other = await openDatabase({ url: await urlOf(database()), poolSize: 8 })
    others.push(other)
    const worlds = [createWorld(database()), createWorld(other.knex)] as const
    await worlds[0].empty()
    return { worlds, of: (n: number) => worlds[n % 2] as (typeof worlds)[0] }
  }

  it('apply one file once', async () => {
    const { worlds, of } = await openWorlds()
    const file = fileOf([newClient(), newService()])
    const outcomes = await sixteenTimes((n) => of(n).apply(file))
    expect(outcomes.filter(({ outcome }) => outcome === 'applied')).toHaveLength(1)
    expect(outcomes.filter(({ outcome }) => outcome === 'unchanged')).toHaveLength(15)
    expect((await worlds[0].events()).map(({ type }) => type)).toEqual([
      ...['client_registered', 'client_registered', 'client_file_applied'],
    ])
  })

  it('apply different files one after the other: what lies there is one of them', async () => {
    const { worlds, of } = await openWorlds()
    const fileNumber = (n: number) => fileOf([newClient({ name: `Portal ${n}` }), newClient({ clientId: `only-${n}` })])
    await sixteenTimes((n) => of(n).apply(fileNumber(n)))
    const found = await worlds[0].list({ limit: 100 })
    const letIn = found.filter(({ goneAt }) => goneAt === null).map(({ client }) => client)
    const [, last] = /only-(\d+)/.exec(letIn.map(({ clientId }) => clientId).join()) ?? []
    expect(letIn).toEqual(fileNumber(Number(last)).clients.reverse())
    expect((await worlds[0].files.applied('clients.yaml'))?.digest).toBe(fileNumber(Number(last)).digest)
  })

  it('make one secret beside the one in use, and a file that is applied meanwhile takes none away', async () => {
    const { worlds, of } = await openWorlds()
    await worlds[0].apply(fileOf([newService()]))
    const [before] = [await worlds[0].addSecret('nightly', actor)]
    const answers = await sixteenTimes(async (n) => {
      if (n % 4 === 3)
        return await of(n)
          .apply(fileOf([newService({ name: `Nightly ${n}` })]))
          .then(() => null)
      return await of(n).addSecret('nightly', actor)
    })
    const made = answers.flatMap((answer) => (answer && 'secret' in answer ? [answer.secret] : []))
    expect(made).toHaveLength(1)
    if ('reason' in before) throw new Error('no secret')
    const hashes = (await worlds[0].find('nightly'))?.client.secretHashes
    expect(hashes).toEqual([hashToken(made[0] as string), hashToken(before.secret)])
    const ended = await sixteenTimes((n) => of(n).endOlderSecret('nightly', actor))
    expect(ended.filter((answer) => answer === 'ended')).toHaveLength(1)
  })

  it('suspend and resume a client once each', async () => {
    const { worlds, of } = await openWorlds()
    await worlds[0].apply(fileOf([newClient()]))
    expect((await sixteenTimes((n) => of(n).suspend('portal', actor))).filter(Boolean)).toHaveLength(1)
    expect((await sixteenTimes((n) => of(n).resume('portal', actor))).filter(Boolean)).toHaveLength(1)
    const types = (await worlds[0].events()).map(({ type }) => type)
    // Processes take numbers of events ahead, so that of two processes the later event may have the smaller one.
    const moves = types.filter((type) => type === 'client_suspended' || type === 'client_resumed')
    expect(moves.sort()).toEqual(['client_resumed', 'client_suspended'])
  })
})
