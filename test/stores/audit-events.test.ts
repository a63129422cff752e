import { randomBytes } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import { auditTypes, createAuditTrail } from '../../src/audit/events.ts'
import { createKeyedHash } from '../../src/gateways/field-encryption.ts'
import { createAuditEventStore } from '../../src/stores/audit-events.ts'
import { describeOnBoth } from '../support/databases.ts'

const hash = createKeyedHash([{ kid: 'a', secret: randomBytes(32) }])
const accountId = '6f0c6b7e-7f0e-4f3e-9d9b-0b8f2f3a1c11'
const at = (second: number) => new Date(Date.UTC(2026, 10, 24, 9, 0, second, 7))

describeOnBoth('audit log', (database) => {
  const store = () => createAuditEventStore(database(), hash)
  const events = () => database()('audit_events')

  async function append(count: number): Promise<void> {
    const trail = createAuditTrail(store().append)
    for (let n = 1; n <= count; n++)
      await trail.signInSucceeded({
        at: at(n),
        accountId,
        clientId: `c${n}`,
        acr: 'x',
        amr: ['pwd'],
        deviceKnown: true,
      })
  }

  async function sealedChain(count: number): Promise<void> {
    await append(count)
    await store().seal()
  }

  /** Swaps these columns of the rows at two positions, as somebody with access to the table could. */
  async function swap([left, right]: [number, number], columns: string[]): Promise<void> {
    const rows = await events().whereIn('position', [left, right]).orderBy('position')
    const values = rows.map((row) =>
      Object.fromEntries(columns.map((name) => [name, name === 'data' ? JSON.stringify(row[name]) : row[name]])),
    )
    if (columns.includes('position')) await events().where({ id: rows[0].id }).update({ position: -1 })
    await events()
      .where({ id: rows[1].id })
      .update(values[0] ?? {})
    await events()
      .where({ id: rows[0].id })
      .update(values[1] ?? {})
  }

  beforeEach(async () => {
    await events().delete()
    await database()('audit_retentions').delete()
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
      data: { clientId: 'c2', acr: 'x', amr: ['pwd'], deviceKnown: true },
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
    await append(1)
    await events().increment('id', 1000)
    await store().seal()
    await sealedChain(1)
    const positions = await events().orderBy('id').pluck('position')
    expect(positions).toEqual(['2', '1'])
    expect(await store().verify()).toMatchObject({ outcome: 'intact', checked: 2 })
  })

  describe('finds', () => {
    const broken = (position: number, kind: string) => ({ outcome: 'broken', position, kind, checked: position - 1 })

    it.each([
      ['data', { data: JSON.stringify({ clientId: 'other' }) }],
      ['instant', { at: at(30) }],
      ['actor', { actor: 'cli' }],
      ['account', { account_id: null }],
    ])('an altered body: %s', async (_, change) => {
      await sealedChain(5)
      await events().where({ position: 3 }).update(change)
      expect(await store().verify()).toMatchObject(broken(3, 'body_altered'))
    })

    it.each([1, 3])('a row deleted at position %i', async (position) => {
      await sealedChain(5)
      await events().where({ position }).delete()
      expect(await store().verify()).toMatchObject(broken(position, 'row_missing'))
    })

    it('a row deleted whose followers were renumbered', async () => {
      await sealedChain(5)
      await events().where({ position: 3 }).delete()
      for (const position of [4, 5])
        await events()
          .where({ position })
          .update({ position: position - 1 })
      expect(await store().verify()).toMatchObject(broken(3, 'chain_broken'))
    })

    it.each([
      ['neighbours by position', ['position'], [2, 3]],
      ['distant rows by position', ['position'], [2, 6]],
      ['rows by content', ['at', 'data', 'digest'], [2, 5]],
    ])('%s swapped', async (_, columns, rows) => {
      await sealedChain(6)
      await swap(rows as [number, number], columns)
      expect(await store().verify()).toMatchObject(broken(2, 'reordered'))
    })

    it('a chain value that was written over', async () => {
      await sealedChain(4)
      await events()
        .where({ position: 4 })
        .update({ chain: hash.hash('forged', 'audit_chain') })
      expect(await store().verify()).toMatchObject(broken(4, 'chain_broken'))
    })

    it('rows cut off at the end, with a head noted earlier', async () => {
      await sealedChain(4)
      const before = await store().verify()
      if (before.outcome !== 'intact' || !before.head) throw new Error('chain must be intact')
      await events().where({ position: 4 }).delete()
      expect(await store().verify()).toMatchObject({ outcome: 'intact', checked: 3 })
      expect(await store().verify(undefined, before.head)).toMatchObject(broken(4, 'row_missing'))
    })

    it('another event sealed in place of the noted head', async () => {
      await sealedChain(2)
      const before = await store().verify()
      if (before.outcome !== 'intact' || !before.head) throw new Error('chain must be intact')
      await events().where({ position: 2 }).delete()
      await sealedChain(1)
      expect(await store().verify(undefined, before.head)).toMatchObject(broken(2, 'chain_broken'))
    })

    it('a row whose hash key is gone', async () => {
      await sealedChain(2)
      const other = createAuditEventStore(database(), createKeyedHash([{ kid: 'b', secret: randomBytes(32) }]))
      expect(await other.verify()).toMatchObject(broken(1, 'key_missing'))
    })
  })

  it('checks a row without body by its digest only', async () => {
    await sealedChain(4)
    await events().where({ position: 2 }).update({ data: null, account_id: null })
    expect(await store().verify()).toMatchObject({ outcome: 'intact', checked: 4, withoutBody: 1 })
    await events()
      .where({ position: 2 })
      .update({ digest: hash.hash('other', 'audit_digest') })
    expect(await store().verify()).toMatchObject({ outcome: 'broken', position: 2, kind: 'chain_broken' })
  })

  describe('its retention', () => {
    const second = (n: number) => ({ name: 'signIn', types: auditTypes.signIn, before: at(n) })

    it('empties what is older, by class, and the chain stays intact', async () => {
      await append(3)
      const trail = createAuditTrail(store().append)
      await trail.accountEnded({ at: at(3), accountId, reason: 'phone', actor: 'staff:17' })
      await append(1)
      await store().seal()
      expect(await store().emptyBodies(second(3))).toEqual({ walked: 2, emptied: 2 })
      expect(await events().orderBy('id').select('account_id', 'data')).toMatchObject([
        ...Array(2).fill({ account_id: null, data: null }),
        ...Array(3).fill({ account_id: accountId, data: {} }),
      ])
      expect(await store().emptyBodies(second(3))).toEqual({ walked: 0, emptied: 0 })
      expect(await store().emptyBodies(second(60))).toEqual({ walked: 3, emptied: 2 })
      expect(await events().whereNotNull('data').pluck('type')).toEqual(['account_ended'])
      await store().emptyBodies({ name: 'account', types: auditTypes.account, before: at(60) })
      expect(await events().where({ type: 'account_ended' }).first()).toMatchObject({
        ...{ actor: 'staff', account_id: null, data: null, at: at(3) },
      })
      expect(await store().verify()).toMatchObject({ outcome: 'intact', checked: 5, withoutBody: 5 })
    })

    it('goes on page by page, and waits for what is not sealed', async () => {
      await sealedChain(5)
      await append(2)
      expect(await store().emptyBodies(second(60), 4)).toEqual({ walked: 4, emptied: 4 })
      expect(await store().emptyBodies(second(60), 4)).toEqual({ walked: 1, emptied: 1 })
      expect(await store().emptyBodies(second(60), 4)).toEqual({ walked: 0, emptied: 0 })
      await store().seal()
      expect(await store().emptyBodies(second(60), 4)).toEqual({ walked: 2, emptied: 2 })
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
    const digest = hash.hash('filler', 'audit_digest')
    const filler = { at: at(1), type: 'filler', actor: 'system', data: null, digest }
    await events().insert(Array.from({ length: 1001 }, () => filler))
    while ((await store().seal()) > 0);
    const progress: [number, number][] = []
    expect(await store().verify((...step) => progress.push(step))).toMatchObject({ outcome: 'intact', checked: 1001 })
    expect(progress).toEqual([
      [1000, 1001],
      [1001, 1001],
    ])
  })
})
