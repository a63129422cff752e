import { afterAll, beforeEach, expect, it } from 'vitest'
import { createClientServices } from '../../../src/app/services/clients.ts'
import { createRandom } from '../../../src/crypto/random.ts'
import type { Client } from '../../../src/domain/clients/client.ts'
import type { Applying } from '../../../src/services/clients/files.ts'
import type { ReadClientFile } from '../../../src/services/clients/write-files.ts'
import { createApprovalService } from '../../../src/services/staff/approvals.ts'
import { type OpenDatabase, openDatabase } from '../../../src/stores/database/database.ts'
import { emptyAuditLog } from '../../support/audit.ts'
import { newClient, ofStaff } from '../../support/clients.ts'
import { createServiceWorld } from '../../support/services.ts'
import { describeOnDatabase, describeOnServer, sixteenTimes, urlOf } from '../../support/stores/databases.ts'
import { createProtection } from '../../support/stores/protection.ts'

const actor = 'cli:k.weber (os:kweber)'
const second = 'staff:another'
const main = 'clients.yaml'
const team = 'clients/team.yaml'
const why = { reason: 'Vertrag beendet' }

/** A file whose digest follows from what it says. */
const fileOf = (name: string, ids: string[], changes: Partial<Client> = {}): ReadClientFile => {
  const clients = ids.map((clientId) => newClient({ clientId, ...changes }))
  return { name, restsOn: [], defaultClient: null, resources: [], digest: JSON.stringify([clients]), clients }
}

const protection = createProtection()

function createWorld(db: Parameters<typeof createServiceWorld>[0]) {
  const world = createServiceWorld(db, undefined, protection)
  const { transaction, stores, clock } = world
  const clients = createClientServices({ ...world, random: createRandom() })
  const approvals = createApprovalService({
    ...{ stores, transaction, clock },
    acts: { 'client.remove': (unit: never, { subject }: { subject: string }) => clients.remove(unit, subject, second) },
  } as unknown as Parameters<typeof createApprovalService>[0])
  return {
    ...clients,
    approvals,
    apply: (files: ReadClientFile[], how: Partial<Applying> = {}) => clients.files.apply(files, { actor, ...how }),
    async managers() {
      const found = await clients.list({ limit: 100 })
      return found.map(({ client, managedBy, goneAt }) => `${client.clientId} ${managedBy}${goneAt ? ' gone' : ''}`)
    },
    async empty() {
      for (const table of ['clients', 'client_files', 'client_resources', 'approvals']) await db(table).delete()
      await emptyAuditLog(db)
    },
    types: () => db('audit_events').orderBy('id').pluck('type'),
  }
}

describeOnDatabase('files that are one state', (database) => {
  let world: ReturnType<typeof createWorld>
  beforeEach(async () => {
    world = createWorld(database())
    await world.empty()
    await world.apply([fileOf(main, ['a', 'b']), fileOf(team, ['c'])])
  })

  it('are applied alone without touching each other, and twice change nothing', async () => {
    expect(await world.apply([fileOf(team, ['d'])])).toMatchObject({ outcome: 'applied', files: [team] })
    expect(await world.managers()).toEqual([`a ${main}`, `b ${main}`, `c ${team} gone`, `d ${team}`])
    expect(await world.apply([fileOf(main, ['a', 'b']), fileOf(team, ['d'])])).toEqual({ outcome: 'unchanged' })
    const first = (await world.types()).filter((type) => type === 'client_file_applied')
    await world.apply([fileOf(main, ['a', 'b'], { name: 'Neu' }), fileOf(team, ['d'])])
    expect((await world.types()).filter((type) => type === 'client_file_applied')).toHaveLength(first.length + 1)
  })

  it.each<[string, ReadClientFile[], Partial<Applying>]>([
    ['alone', [fileOf(team, ['c', 'a'], { redirectUris: ['https://evil.example/'] })], {}],
    ['by taking over', [fileOf(team, ['c', 'a'])], { takeOver: true }],
    ['together with the owner', [fileOf(main, ['a', 'b']), fileOf(team, ['c', 'a'])], {}],
    ['beside a file that is none of the owner', [fileOf('clients/x.yaml', []), fileOf(team, ['c', 'a'])], {}],
    ['and prunes', [fileOf(team, ['a'])], { prune: why }],
  ])('take no application of another one: %s', async (_, files, how) => {
    const before = await world.find('a')
    const refused = await world.apply(files, how)
    expect(refused).toEqual({ outcome: 'refused', faults: expect.arrayContaining([expect.stringContaining(main)]) })
    expect(await world.find('a')).toEqual(before)
    expect(await world.approvals.open()).toEqual([])
  })

  it('take none whose entry its owner has let go, unless both are applied together', async () => {
    await world.apply([fileOf(main, ['b'])])
    expect(await world.apply([fileOf(team, ['c', 'a'])])).toMatchObject({ outcome: 'refused' })
    const moved = await world.apply([fileOf(main, ['b']), fileOf(team, ['c', 'a'], { name: 'Neu' })])
    expect(moved).toMatchObject({ outcome: 'applied', files: [team] })
    expect(await world.managers()).toEqual([`a ${team}`, `b ${main}`, `c ${team}`])
    expect(await world.types()).toEqual(expect.arrayContaining(['client_moved', 'client_back']))
    expect(await world.apply([fileOf(main, ['a', 'b'])])).toMatchObject({ outcome: 'refused' })
  })

  it('ask for removals by two, and without being told leave alone who has no entry', async () => {
    await world.change(ofStaff({ clientId: 'of-staff' }), actor)
    await world.apply([fileOf(main, ['b'])])
    expect(await world.approvals.open()).toEqual([])
    const planned = await world.apply([fileOf(main, ['b'])], { dryRun: true, prune: why })
    expect(planned).toMatchObject({ outcome: 'planned', changes: [{ clientId: 'a', change: 'removal' }] })
    expect(await world.approvals.open()).toEqual([])
    await world.apply([fileOf(main, ['b'])], { prune: why })
    const [asked] = await world.approvals.open()
    expect(asked).toMatchObject({ act: 'client.remove', subject: 'a', askedBy: actor, ...why })
    expect(asked?.details).toEqual({ name: 'Portal', file: main })
    expect(await world.apply([fileOf(main, ['b'])], { prune: why })).toEqual({ outcome: 'unchanged' })
    expect(await world.approvals.decide(asked?.id ?? '', 'approved', actor)).toEqual({ outcome: 'not_yours' })
    expect(await world.approvals.decide(asked?.id ?? '', 'approved', second)).toMatchObject({ outcome: 'approved' })
    expect(await world.find('a')).toBeNull()
    expect(await world.apply([fileOf(main, ['a', 'b'])])).toMatchObject({ outcome: 'refused' })
    expect(await world.managers()).toEqual([`b ${main}`, `c ${team}`, 'of-staff null'])
  })

  it('keep whose entry is back before the second person decides', async () => {
    await world.apply([fileOf(main, ['b'])], { prune: why })
    await world.apply([fileOf(main, ['a', 'b'])])
    const [asked] = await world.approvals.open()
    expect(await world.approvals.decide(asked?.id ?? '', 'approved', second)).toMatchObject({ outcome: 'impossible' })
    expect(await world.managers()).toContain(`a ${main}`)
  })

  it('name each resource and each of its scopes once', async () => {
    const with_ = (name: string, resource: string, scope: string) => ({
      ...fileOf(name, []),
      ...{ digest: `${resource} ${scope}`, resources: [{ name: resource, scopes: [scope] }] },
    })
    await world.apply([with_('clients/one.yaml', 'reports', 'reports:read')])
    for (const [resource, scope] of [
      ['reports', 'other:read'],
      ['other', 'reports:read'],
    ] as const)
      expect(await world.apply([with_('clients/two.yaml', resource, scope)])).toMatchObject({
        ...{ outcome: 'refused', faults: [expect.stringContaining('reports')] },
      })
  })
})

describeOnServer('several hands at files', (database) => {
  const others: OpenDatabase[] = []
  afterAll(async () => {
    for (const other of others) await other.close()
  })
  /** Two processes: each has connections of its own. */
  async function openWorlds() {
    const other = await openDatabase({ url: await urlOf(database()), poolSize: 8 })
    others.push(other)
    const worlds = [createWorld(database()), createWorld(other.knex)] as const
    await worlds[0].empty()
    return { world: worlds[0], of: (n: number) => worlds[n % 2] as (typeof worlds)[0] }
  }

  it('give an id to one file of sixteen, and tell the others whose it is', async () => {
    const { world, of } = await openWorlds()
    const outcomes = await sixteenTimes((n) => of(n).apply([fileOf(`clients/f${n}.yaml`, ['portal', `only-${n}`])]))
    expect(outcomes.filter(({ outcome }) => outcome === 'applied')).toHaveLength(1)
    const owner = (await world.find('portal'))?.managedBy ?? ''
    for (const each of outcomes)
      if (each.outcome === 'refused') expect(each.faults).toEqual([expect.stringContaining(`registered by ${owner},`)])
    expect(await world.managers()).toHaveLength(2)
  })

  it('ask once for a removal, and remove or bring back, never both', async () => {
    const { world, of } = await openWorlds()
    for (let round = 0; round < 8; round++) {
      await world.empty()
      await world.apply([fileOf(main, ['a', 'b'])])
      const asking = await sixteenTimes((n) => of(n).apply([fileOf(main, ['b'])], { prune: why }))
      expect(asking.filter(({ outcome }) => outcome === 'applied')).toHaveLength(1)
      const [asked, ...more] = await world.approvals.open()
      expect(more).toEqual([])
      const [decided, back] = await Promise.all([
        of(0).approvals.decide(asked?.id ?? '', 'approved', second),
        of(1).apply([fileOf(main, ['a', 'b'])]),
      ])
      const isRemoved = (await world.find('a')) === null
      expect([decided.outcome, back.outcome]).toEqual(isRemoved ? ['approved', 'refused'] : ['impossible', 'applied'])
    }
  })
})
