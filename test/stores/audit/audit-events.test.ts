import { randomBytes } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import { auditTypes, createAuditTrail } from '../../../src/audit/events.ts'
import { createKeyedHash } from '../../../src/crypto/field-encryption.ts'
import { createAuditEventStore } from '../../../src/stores/audit/audit-events.ts'
import type { Database } from '../../../src/stores/database/database.ts'
import { emptyAuditLog, withoutTriggers } from '../../support/audit.ts'
import { describeOnBoth } from '../../support/stores/databases.ts'

const hash = createKeyedHash([{ kid: 'a', secret: randomBytes(32) }])
const accountId = '6f0c6b7e-7f0e-4f3e-9d9b-0b8f2f3a1c11'
const at = (second: number) => new Date(Date.UTC(2026, 10, 24, 9, 0, second, 7))

describeOnBoth('audit log', (database) => {
  const store = () => createAuditEventStore(database(), hash)
  const events = () => database()('audit_events')
  /** Changes the table as somebody could who switches its triggers off. */
  const tamper = (work: (rows: ReturnType<typeof events>, trx: Database) => unknown) =>
    withoutTriggers(database(), async (trx) => await work(trx('audit_events'), trx))
  const broken = (position: number, kind: string) => ({ outcome: 'broken', position, kind, checked: position - 1 })

  async function append(count: number): Promise<void> {
    const trail = createAuditTrail(store().append)
    for (let n = 1; n <= count; n++)
      await trail.signInSucceeded({
        at: at(n),
        accountId,
        clientId: `c${n}`,
        acr: 'x',
        amr: ['pwd'],
        browserKnown: true,
      })
  }

  async function sealedChain(count: number): Promise<void> {
    await append(count)
    await store().seal()
  }

  /** Swaps these columns of the rows at two positions, as somebody with access to the table could. */
  async function swap([left, right]: [number, number], columns: string[]): Promise<void> {
    const rows = await events().whereIn('position', [left, right]).orderBy('position')
    const rowOf = (id: string) => (changes: object) => tamper((all) => all.where({ id }).update(changes))
    const values = rows.map((row) =>
      Object.fromEntries(columns.map((name) => [name, name === 'data' ? JSON.stringify(row[name]) : row[name]])),
    )
    if (columns.includes('position')) await rowOf(rows[0].id)({ position: -1 })
    await rowOf(rows[1].id)(values[0] ?? {})
    await rowOf(rows[0].id)(values[1] ?? {})
  }

  beforeEach(async () => {
    await emptyAuditLog(database())
  })

  it('seals in the order of ids and finds the chain intact', async () => {
    await append(5)
    expect(await store().seal(3)).toBe(3)
    expect(await store().verify()).toMatchObject({ outcome: 'intact', checked: 3, unsealed: 2 })
    expect(await store().seal(3)).toBe(2)
    expect(await store().seal(3)).toBe(0)
    expect(await store().verify()).toMatchObject({ outcome: 'intact', checked: 5, unsealed: 0, head: { position: 5 } })
  })

  it('gives back what was recorded, newest first', async () => {
    await sealedChain(2)
    const [newest, oldest] = await store().findForAccount(accountId)
    expect(newest).toEqual({
      at: at(2),
      type: 'sign_in_succeeded',
      actor: 'member',
      accountId,
      position: 2,
      data: { clientId: 'c2', acr: 'x', amr: ['pwd'], browserKnown: true },
    })
    expect(oldest?.position).toBe(1)
    expect(await store().findForAccount('6f0c6b7e-7f0e-4f3e-9d9b-0b8f2f3a1c12')).toEqual([])
  })

  it('is undone with the transaction that it was written in', async () => {
    const failed = database().transaction(async (tx) => {
      await createAuditTrail(createAuditEventStore(tx, hash).append).signedOut({ at: at(1), accountId })
      throw new Error('undone')
    })
    await expect(failed).rejects.toThrow('undone')
    expect(await store().findForAccount(accountId)).toEqual([])
  })

  it('gives an event that is committed late, with a lower id, the next place', async () => {
    await database().raw("select setval('audit_events_id_seq', 1000)")
    await sealedChain(1)
    await database().raw("select setval('audit_events_id_seq', 1, false)")
    await sealedChain(1)
    await database().raw("select setval('audit_events_id_seq', 2000)")
    const positions = await events().orderBy('id').pluck('position')
    expect(positions).toEqual(['2', '1'])
    expect(await store().verify()).toMatchObject({ outcome: 'intact', checked: 2 })
  })

  describe('finds', () => {
    it.each([
      ['data', { data: JSON.stringify({ clientId: 'other' }) }],
      ['instant', { at: at(30) }],
      ['actor', { actor: 'cli' }],
      ['account', { account_id: null }],
    ])('an altered body: %s', async (_, change) => {
      await sealedChain(5)
      await tamper((all) => all.where({ position: 3 }).update(change))
      expect(await store().verify()).toMatchObject(broken(3, 'body_altered'))
    })

    it.each([1, 3])('a row deleted at position %i', async (position) => {
      await sealedChain(5)
      await tamper((all) => all.where({ position }).delete())
      expect(await store().verify()).toMatchObject(broken(position, 'row_missing'))
    })

    it('a row deleted whose followers were renumbered', async () => {
      await sealedChain(5)
      await tamper((all) => all.where({ position: 3 }).delete())
      for (const position of [4, 5]) await tamper((all) => all.where({ position }).update({ position: position - 1 }))
      expect(await store().verify()).toMatchObject(broken(3, 'chain_broken'))
    })

    it.each([
      ['neighbours by position', ['position'], [2, 3]],
      ['distant rows by position', ['position'], [2, 6]],
    ])('%s swapped', async (_, columns, rows) => {
      await sealedChain(6)
      await swap(rows as [number, number], columns)
      expect(await store().verify()).toMatchObject(broken(2, 'reordered'))
    })

    it('rows by content swapped', async () => {
      await sealedChain(6)
      await swap([2, 5], ['at', 'data', 'body_hash', 'digest'])
      expect(await store().verify()).toMatchObject(broken(2, 'body_altered'))
    })

    it('a chain value that was written over', async () => {
      await sealedChain(4)
      await tamper((all) => all.where({ position: 4 }).update({ chain: hash.hash('forged', 'audit_chain') }))
      expect(await store().verify()).toMatchObject(broken(4, 'chain_broken'))
    })

    it('rows cut off at the end, with and without a head noted elsewhere', async () => {
      await sealedChain(4)
      const before = await store().verify()
      if (before.outcome !== 'intact' || !before.head) throw new Error('chain must be intact')
      await tamper((all) => all.where({ position: 4 }).delete())
      expect(await store().verify()).toMatchObject(broken(4, 'row_missing'))
      await append(1)
      await store().seal()
      // The chain went on behind the gap.
      expect(await store().verify()).toMatchObject(broken(4, 'row_missing'))
      expect(await store().verify(undefined, before.head)).toMatchObject(broken(4, 'row_missing'))
    })

    it('a database that was put back whole, with a head noted elsewhere', async () => {
      await sealedChain(2)
      const before = await store().verify()
      if (before.outcome !== 'intact' || !before.head) throw new Error('chain must be intact')
      await emptyAuditLog(database())
      await sealedChain(3)
      expect(await store().verify()).toMatchObject({ outcome: 'intact' })
      expect(await store().verify(undefined, before.head)).toMatchObject(broken(2, 'chain_broken'))
    })

    it('a row whose hash key is gone', async () => {
      await sealedChain(2)
      const other = createAuditEventStore(database(), createKeyedHash([{ kid: 'b', secret: randomBytes(32) }]))
      expect(await other.verify()).toMatchObject(broken(1, 'key_missing'))
    })
  })

  describe('lets nobody', () => {
    const refused = (work: Promise<unknown>) => expect(work).rejects.toThrow('append-only')
    const changes = {
      at: at(30),
      type: 'signed_out',
      actor: 'cli',
      account_id: null,
      data: null,
      digest: 'x',
      body_hash: 'x',
      position: 9,
      chain: 'x',
    }

    it.each(Object.entries(changes))('change %s of a sealed event', async (column, value) => {
      await sealedChain(1)
      await refused(events().update({ [column]: value }))
    })

    it.each(Object.entries(changes))('change %s of an event that waits', async (column, value) => {
      await append(1)
      await refused(events().update({ [column]: value }))
    })

    it('take events away, one or all', async () => {
      await sealedChain(2)
      await append(1)
      await refused(events().where({ position: 1 }).delete())
      await refused(events().whereNull('position').delete())
      await refused(database().raw('truncate audit_events'))
    })

    const emptied = { data: null, account_id: null, actor: 'member' }
    /** As the retention says what it does; the trigger still looks at what that is. */
    const asRetention = (work: (rows: ReturnType<typeof events>) => Promise<unknown>) =>
      database().transaction(async (trx) => {
        await trx.raw("set local audit.emptying = 'on'")
        await work(trx('audit_events'))
      })

    it('change anything of an event while it is given its place', async () => {
      await append(1)
      const headers = [{ type: 'signed_out' }, { at: at(30) }, { digest: 'x' }, { body_hash: 'x' }, { id: 5000 }]
      for (const body of [{ data: '{}' }, { account_id: null }, { actor: 'system' }, ...headers])
        await refused(events().update({ position: 1, chain: 'x', ...body }))
    })

    it('empty a body beside the retention', async () => {
      await sealedChain(1)
      await refused(events().update(emptied))
    })

    it('empty one with the word of the retention that has no place yet, nor take anything else along', async () => {
      await append(1)
      await refused(asRetention((rows) => rows.update(emptied)))
      await store().seal()
      for (const more of [
        { position: 2 },
        { chain: 'x' },
        { data: '{}' },
        { account_id: accountId },
        { actor: 'system' },
      ])
        await refused(asRetention((rows) => rows.update({ ...emptied, ...more })))
      await asRetention((rows) => rows.update(emptied))
    })
  })

  describe('its retention', () => {
    const second = (n: number) => ({ name: 'signIn', types: auditTypes.signIn, before: at(n) })
    const empty = async (of: { name: string; types: string[]; before: Date }, limit?: number) => {
      const done = await store().emptyBodies(of, limit)
      const { emptied: count, until } = done
      const trail = createAuditTrail(store().append)
      if (count > 0)
        await trail.auditBodiesEmptied({ at: at(60), name: of.name, before: of.before.toISOString(), until, count })
      return done
    }
    const members = () => events().whereNot({ type: 'audit_bodies_emptied' })

    it('empties what is older, by class, and the chain stays intact', async () => {
      await append(3)
      const trail = createAuditTrail(store().append)
      await trail.accountEnded({ at: at(3), accountId, reason: 'phone', actor: 'staff:17' })
      await append(1)
      await store().seal()
      expect(await empty(second(3))).toMatchObject({ walked: 2, emptied: 2 })
      expect(await members().orderBy('id').select('account_id', 'data')).toMatchObject([
        ...Array(2).fill({ account_id: null, data: null }),
        ...Array(3).fill({ account_id: accountId, data: {} }),
      ])
      expect(await empty(second(3))).toMatchObject({ walked: 0, emptied: 0 })
      expect(await empty(second(60))).toMatchObject({ walked: 3, emptied: 2 })
      expect(await members().whereNotNull('data').pluck('type')).toEqual(['account_ended'])
      await empty({ name: 'account', types: auditTypes.account, before: at(60) })
      expect(await events().where({ type: 'account_ended' }).first()).toMatchObject({
        ...{ actor: 'staff', account_id: null, data: null, at: at(3) },
      })
      expect(await store().verify()).toMatchObject({ outcome: 'intact', checked: 5, withoutBody: 5, unsealed: 3 })
      await store().seal()
      expect(await store().verify()).toMatchObject({ outcome: 'intact', checked: 8, withoutBody: 5 })
    })

    it('goes on page by page, and waits for what is not sealed', async () => {
      await sealedChain(5)
      await append(2)
      expect(await store().emptyBodies(second(60), 4)).toMatchObject({ walked: 4, emptied: 4 })
      expect(await store().emptyBodies(second(60), 4)).toMatchObject({ walked: 1, emptied: 1 })
      expect(await store().emptyBodies(second(60), 4)).toMatchObject({ walked: 0, emptied: 0 })
      await store().seal()
      expect(await store().emptyBodies(second(60), 4)).toMatchObject({ walked: 2, emptied: 2 })
    })

    const removeBody = (position: number) =>
      tamper((all) => all.where({ position }).update({ data: null, account_id: null, actor: 'member' }))

    it('is the only one who removes a body: without its event', async () => {
      await sealedChain(4)
      await removeBody(2)
      expect(await store().verify()).toMatchObject(broken(2, 'body_removed'))
    })

    it('is the only one who removes a body: of another time, class or row than its event says', async () => {
      await sealedChain(5)
      await empty(second(3))
      expect(await store().verify()).toMatchObject({ outcome: 'intact', withoutBody: 2 })
      await removeBody(4)
      expect(await store().verify()).toMatchObject(broken(4, 'body_removed'))
    })

    it('is believed only while its event is genuine', async () => {
      await sealedChain(5)
      await empty(second(3))
      const told = { name: 'signIn', before: at(60).toISOString(), until: '99999', count: 5 }
      await tamper((all) => all.where({ type: 'audit_bodies_emptied' }).update({ data: JSON.stringify(told) }))
      await removeBody(4)
      expect(await store().verify()).toMatchObject(broken(1, 'body_removed'))
    })
  })

  it('makes one chain out of 16 sealers at once while events come in', async () => {
    await append(20)
    const sealed = await Promise.all([...Array.from({ length: 16 }, () => store().seal(2)), append(10).then(() => 0)])
    while ((await store().seal()) > 0);
    expect(sealed.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(20)
    expect(await store().verify()).toMatchObject({ outcome: 'intact', checked: 30, unsealed: 0 })
  })

  it('tells its progress over more than one page', async () => {
    const trail = (trx: Database) => createAuditTrail(createAuditEventStore(trx, hash).append)
    await database().transaction(async (trx) => {
      for (let n = 0; n < 1001; n++) await trail(trx).signedOut({ at: at(1), accountId })
    })
    while ((await store().seal()) > 0);
    const progress: [number, number][] = []
    expect(await store().verify((...step) => progress.push(step))).toMatchObject({ outcome: 'intact', checked: 1001 })
    expect(progress).toEqual([
      [1000, 1001],
      [1001, 1001],
    ])
  })
})
