import { afterAll, beforeEach, expect, it, vi } from 'vitest'
import { createClientServices } from '../../../src/app/services/clients.ts'
import { hashToken } from '../../../src/crypto/field-encryption.ts'
import { createRandom } from '../../../src/crypto/random.ts'
import type { Client } from '../../../src/domain/clients/client.ts'
import type { ReadClientFile } from '../../../src/services/clients/write-files.ts'
import { type OpenDatabase, openDatabase } from '../../../src/stores/database/database.ts'
import { emptyAuditLog } from '../../support/audit.ts'
import { newClient, newService, ofStaff } from '../../support/clients.ts'
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

const why = { actor, reason: 'Der Schlüssel ist bekannt' } as const

/** One for all: what a process writes, the others read. */
const protection = createProtection()

function createWorld(db: Parameters<typeof createServiceWorld>[0]) {
  const world = createServiceWorld(db, undefined, protection)
  const clients = createClientServices({ ...world, random: createRandom() })
  const apply = (file: ReadClientFile | ReadClientFile[], dryRun = false) =>
    clients.files.apply([file].flat(), { actor, dryRun })
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
  return {
    ...clients,
    apply,
    events,
    empty,
    save: world.stores.clients.save,
    stores: world.stores,
    transaction: world.transaction,
    now: world.clock.now,
    /** Milliseconds. */
    tick: (by = 1000) => world.clock.set(new Date(world.clock.now().getTime() + by).toISOString()),
  }
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
      ...{ outcome: 'applied', files: ['clients.yaml'] },
      changes: [{ clientId: 'portal', change: 'registered', file: 'clients.yaml', fields: [] }],
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
    await world.change(ofStaff({ clientId: 'of-staff' }), actor)
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
    await world.suspend('portal', why)
    await world.apply(fileOf([]))
    await world.apply(fileOf([newClient()]))
    expect(await world.find('portal')).toMatchObject({ goneAt: null, suspendedAt: expect.any(Date) })
    await world.apply(fileOf([]))
    await world.lift('portal', actor)
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
    await world.change(ofStaff({ clientId: 'of-staff' }), actor)
    await world.change(newService({ clientId: 'of-staff-service', firstParty: false, scopes: ['reports:read'] }), actor)
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
    expect(await world.change(ofStaff({ redirectUris: ['https://*.example/'] }), actor)).toMatchObject({
      reason: 'invalid',
    })
    for (const changed of [true, false]) expect(await world.change(ofStaff(), actor)).toEqual({ changed })
    expect(await world.change(ofStaff({ name: 'Neu' }), actor)).toEqual({ changed: true })
    expect((await world.events()).map(({ type }) => type)).toEqual(['client_registered', 'client_changed'])
  })

  it('are changed by who has seen them as they are', async () => {
    expect(await world.change(ofStaff(), actor, new Date())).toEqual({ reason: 'unknown' })
    await world.change(ofStaff(), actor, 'new')
    expect(await world.change(ofStaff({ name: 'Zwei' }), actor, 'new')).toEqual({ reason: 'taken' })
    const seen = (await world.find('portal'))?.changedAt as Date
    world.tick()
    expect(await world.change(ofStaff({ name: 'Neu' }), actor, seen)).toEqual({ changed: true })
    expect(await world.change(ofStaff({ name: 'Alt' }), actor, seen)).toEqual({ reason: 'stale' })
    expect((await world.find('portal'))?.client.name).toBe('Neu')
  })

  it('become the insurer’s own by two only', async () => {
    expect(await world.change(newClient(), actor)).toEqual({ reason: 'first_party_takes_two' })
    await world.change(ofStaff(), actor)
    expect(await world.change(ofStaff({ firstParty: true }), actor)).toEqual({ reason: 'first_party_takes_two' })
    await world.transaction((unit) => world.makeFirstParty(unit, 'portal', actor))
    expect((await world.find('portal'))?.client).toMatchObject({ firstParty: true, contacts: ['team@portal.example'] })
    expect(await world.change(ofStaff({ firstParty: true, name: 'Neu' }), actor)).toEqual({ changed: true })
  })

  it('are removed for good: nobody finds them, their secrets end, and no one gets the id', async () => {
    await world.change(newService({ firstParty: false }), actor)
    await world.secrets.add('nightly', {}, actor)
    await world.transaction((unit) => world.remove(unit, 'nightly', actor))
    expect([await world.find('nightly'), await world.list({ limit: 10 })]).toEqual([null, []])
    expect(await world.secrets.list('nightly')).toMatchObject([{ endedAt: expect.any(Date) }])
    expect(await world.change(newService({ firstParty: false }), actor, 'new')).toEqual({ reason: 'taken' })
    expect(await world.apply(fileOf([newService()]))).toMatchObject({ outcome: 'refused' })
    await world.apply(fileOf([newClient()]))
    await expect(world.transaction((unit) => world.remove(unit, 'portal', actor))).rejects.toThrow()
    expect((await world.events()).map(({ type }) => type)).toContain('client_removed')
  })
})

describeOnDatabase('secrets that are made here', (database) => {
  let world: ReturnType<typeof createWorld>
  beforeEach(async () => {
    world = createWorld(database())
    await world.empty()
    await world.change(
      newService({ firstParty: false, contacts: ['team@nightly.example', 'two@nightly.example'] }),
      actor,
    )
  })
  const made = async (wanted = {}) => {
    const done = await world.secrets.add('nightly', wanted, actor)
    if ('reason' in done) throw new Error(done.reason)
    return done
  }
  const hashes = async () => (await world.find('nightly'))?.secrets.map(({ hash }) => hash)

  it('are two while one follows the other, and each is told once', async () => {
    const first = await made({ name: 'Alt' })
    world.tick()
    const second = await made()
    expect(first.secret).toMatch(/^[0-9a-f]{64}$/)
    expect(await hashes()).toEqual([second, first].map(({ secret }) => hashToken(secret)))
    expect(await world.secrets.add('nightly', {}, actor)).toEqual({ reason: 'two_valid' })
    expect(await world.secrets.revoke('nightly', first.id, actor)).toBe('revoked')
    expect(await hashes()).toEqual([hashToken(second.secret)])
    expect(await world.secrets.revoke('nightly', first.id, actor)).toEqual({ reason: 'no_secret' })
    expect(await world.secrets.list('nightly')).toMatchObject([
      { name: expect.stringMatching(/^\d{4}-\d\d-\d\d$/), endedAt: null, createdBy: actor },
      { name: 'Alt', endedAt: expect.any(Date) },
    ])
    const told = JSON.stringify(await world.events())
    for (const { secret } of [first, second]) expect(told).not.toContain(secret)
  })

  it('are of their client alone, and of none that proves itself otherwise', async () => {
    const { id } = await made()
    await world.change(ofStaff({ secretHashes: ['x'] }), actor)
    expect(await world.secrets.add('nobody', {}, actor)).toEqual({ reason: 'unknown' })
    expect(await world.secrets.add('portal', {}, actor)).toEqual({ reason: 'brought_along' })
    await world.change(newService({ clientId: 'other', firstParty: false }), actor)
    expect(await world.secrets.revoke('other', id, actor)).toEqual({ reason: 'no_secret' })
    expect(await hashes()).toHaveLength(1)
  })

  it.each([
    [{ days: 0 }, 'days'],
    [{ days: 1.5 }, 'days'],
    [{ days: 9999 }, 'days'],
    [{ name: 'x'.repeat(61) }, 'name'],
    [{ name: 'a\u0007b' }, 'name'],
  ])('are refused for %o', async (wanted, reason) => {
    expect(await world.secrets.add('nightly', wanted, actor)).toEqual({ reason })
  })

  it('make room when they are over', async () => {
    await made({ days: 1 })
    await made({ days: 1 })
    world.tick(86_400_001)
    await made()
    expect(await world.secrets.add('nightly', {}, actor)).toMatchObject({ secret: expect.any(String) })
  })

  it('note their last use once an hour', async () => {
    const { id } = await made()
    const lastUsed = async () => (await world.secrets.list('nightly'))[0]?.lastUsedAt
    expect(await lastUsed()).toBeNull()
    world.secrets.used(id)
    await vi.waitFor(async () => expect(await lastUsed()).toBeInstanceOf(Date))
    const noted = await lastUsed()
    world.tick(1_800_000)
    await world.stores.clientSecrets.noteUse(id, world.now())
    expect(await lastUsed()).toEqual(noted)
    world.tick(1_800_001)
    await world.stores.clientSecrets.noteUse(id, world.now())
    expect(await lastUsed()).toEqual(world.now())
  })

  it('are reminded of 30, 7 and 1 days before their end, each once', async () => {
    await made({ days: 40, name: 'Herbst' })
    await made()
    const day = 86_400_000
    const told: number[] = []
    for (let today = 0; today < 42; today++) {
      const mails = await world.secrets.remind()
      expect(await world.secrets.remind()).toBe(0)
      if (mails > 0) told.push(today)
      world.tick(day)
    }
    expect(told).toEqual([10, 33, 39])
    const sent = await database()('messages').count('* as n')
    expect(Number(sent[0]?.n)).toBe(6)
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
    const before = await worlds[0].secrets.add('nightly', {}, actor)
    const answers = await sixteenTimes(async (n) => {
      if (n % 4 === 3)
        return await of(n)
          .apply(fileOf([newService({ name: `Nightly ${n}` })]))
          .then(() => null)
      return await of(n).secrets.add('nightly', {}, actor)
    })
    const made = answers.flatMap((answer) => (answer && 'secret' in answer ? [answer] : []))
    expect(made).toHaveLength(1)
    if ('reason' in before) throw new Error('no secret')
    const hashes = (await worlds[0].find('nightly'))?.secrets.map(({ hash }) => hash)
    expect(hashes?.sort()).toEqual([hashToken(made[0]?.secret as string), hashToken(before.secret)].sort())
    const ended = await sixteenTimes((n) => of(n).secrets.revoke('nightly', before.id, actor))
    expect(ended.filter((answer) => answer === 'revoked')).toHaveLength(1)
  })

  it('suspend and lift a client once each', async () => {
    const { worlds, of } = await openWorlds()
    await worlds[0].apply(fileOf([newClient()]))
    expect((await sixteenTimes((n) => of(n).suspend('portal', why))).filter(Boolean)).toHaveLength(1)
    expect((await sixteenTimes((n) => of(n).lift('portal', actor))).filter(Boolean)).toHaveLength(1)
    const types = (await worlds[0].events()).map(({ type }) => type)
    // Processes take numbers of events ahead, so that of two processes the later event may have the smaller one.
    const moves = types.filter((type) => type === 'client_suspended' || type === 'client_lifted')
    expect(moves.sort()).toEqual(['client_lifted', 'client_suspended'])
  })
})
