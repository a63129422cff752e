import { randomBytes, randomUUID } from 'node:crypto'
import { beforeEach, expect, it } from 'vitest'
import { createAuditChain } from '../../../src/audit/chain.ts'
import { auditTypes, createAuditTrail } from '../../../src/audit/events.ts'
import { createKeyedHash } from '../../../src/crypto/field-encryption.ts'
import { createAuditEventStore } from '../../../src/stores/audit/audit-events.ts'
import { countEvents, findEmptied, findNotedHead, readPages, readTail } from '../../../src/stores/audit/audit-rows.ts'
import { createEmptiedLook, verifyChain } from '../../../src/stores/audit/audit-verification.ts'
import type { Database } from '../../../src/stores/database/database.ts'
import { emptyAuditLog, withoutTriggers } from '../../support/audit.ts'
import { describeOnBoth } from '../../support/stores/databases.ts'

const hash = createKeyedHash([{ kid: 'a', secret: randomBytes(32) }])
const accountId = '6f0c6b7e-7f0e-4f3e-9d9b-0b8f2f3a1c11'
const at = (second: number) => new Date(Date.UTC(2026, 10, 24, 9, 0, second, 7))

type Row = Record<string, unknown> & { id: string; position: string | null }

/** Other values for each column, whatever stands there. */
const others: Record<string, (row: Row, last: number) => unknown[]> = {
  id: (row) => [String(Number(row.id) + 5000)],
  at: () => [at(59)],
  type: () => ['signed_out', 'audit_bodies_emptied'],
  actor: ({ actor }) => ['cli', 'staff:18', 'member', 'system'].filter((other) => other !== actor),
  account_id: ({ account_id }) => [randomUUID(), ...(account_id ? [null] : [])],
  data: ({ data }) => ['{}', '{"clientId":"other"}', ...(data ? [null] : [])],
  digest: () => [hash.hash('x', 'audit_digest'), 'a.x'],
  body_hash: () => [hash.hash('x', 'audit_body'), null],
  position: ({ position }, last) => (position ? [null, last + 1, 100] : [last + 1, 1000]),
  chain: ({ chain }) => [hash.hash('x', 'audit_chain'), ...(chain ? [null] : [])].slice(0, chain ? 2 : 0),
}

describeOnBoth('an audit log that somebody tampers with who may switch triggers off', (database) => {
  const store = (db: Database = database()) => createAuditEventStore(db, hash)
  const verify = async (db: Database) => (await store(db).verify()).outcome

  /** Emptied, sealed and waiting events, of a member, of staff and of nobody. */
  beforeEach(async () => {
    await emptyAuditLog(database())
    const trail = createAuditTrail(store().append)
    // Emptied, of staff only the kind is left.
    await store().append({ at: at(1), type: 'signed_out', actor: 'staff:17', accountId, data: { clientId: 'portal' } })
    await trail.accountEnded({ at: at(2), accountId, reason: 'phone', actor: 'staff:17' })
    await trail.signedOut({ at: at(9), accountId, clientId: 'portal' })
    await store().seal()
    const of = { name: 'signIn', types: auditTypes.signIn, before: at(5) }
    const { emptied: count, until } = await store().emptyBodies(of)
    await trail.auditBodiesEmptied({ at: at(10), name: of.name, before: of.before.toISOString(), until, count })
    await trail.lettersWithheld({ at: at(11), count: 2 })
    await store().seal()
    // Older than what was emptied, and behind it: another clock was late.
    await trail.signedOut({ at: at(3), accountId })
    await trail.accountEnded({ at: at(13), accountId, reason: 'phone', actor: 'staff:17' })
    expect(await store().verify()).toMatchObject({ outcome: 'intact', checked: 5, withoutBody: 1, unsealed: 2 })
  })

  const rows = async () => (await database()('audit_events').orderBy('id')) as Row[]
  /** Whether it is found; what was done is undone. */
  async function found(work: (trx: Database) => Promise<unknown>): Promise<boolean> {
    let outcome = ''
    const undone = withoutTriggers(database(), async (trx) => {
      await work(trx)
      outcome = await verify(trx)
      throw new Error('undone')
    })
    await expect(undone).rejects.toThrow('undone')
    expect(await verify(database())).toBe('intact')
    return outcome === 'broken'
  }

  it('finds every column of every row that was changed', async () => {
    const columns = await database()('information_schema.columns')
      .where({ table_schema: 'public', table_name: 'audit_events' })
      .pluck('column_name')
    expect(columns.sort()).toEqual(Object.keys(others).sort())
    const unseen: string[] = []
    let changes = 0
    for (const row of await rows())
      for (const column of columns)
        for (const value of others[column]?.(row, 5) ?? []) {
          if (value === row[column] || value === JSON.stringify(row[column])) continue
          changes++
          const change = (trx: Database) =>
            trx('audit_events')
              .where({ id: row.id })
              .update({ [column]: value })
          if (!(await found(change))) unseen.push(`${column} of ${row.id}: ${value}`)
        }
    expect(changes).toBeGreaterThan(100)
    expect(unseen).toEqual([])
  })

  it('finds every body that was taken away as the retention does it', async () => {
    const unseen: string[] = []
    for (const { id, actor, data } of await rows()) {
      const emptied = { data: null, account_id: null, actor: String(actor).split(':', 1)[0] }
      if (data && !(await found((trx) => trx('audit_events').where({ id }).update(emptied)))) unseen.push(id)
    }
    expect(unseen).toEqual([])
  })

  it('finds nothing wrong when the retention comes by while it walks', async () => {
    const chain = createAuditChain(hash)
    const trail = createAuditTrail(store().append)
    const result = await verifyChain({
      ...{ chain, anchors: [], noted: await findNotedHead(database()), report: () => {} },
      wasEmptied: createEmptiedLook(() => findEmptied(database(), chain)),
      async *pages(after) {
        for await (const page of readPages(database(), after)) {
          yield page.slice(0, 1)
          break
        }
        const of = { name: 'signIn', types: auditTypes.signIn, before: at(10) }
        const { emptied: count, until } = await store().emptyBodies(of)
        expect(count).toBe(1)
        await trail.auditBodiesEmptied({ at: at(20), name: of.name, before: of.before.toISOString(), until, count })
        yield* readPages(database(), 1)
      },
      tail: () => readTail(database()),
      counts: () => countEvents(database()),
    })
    expect(result).toMatchObject({ outcome: 'intact', checked: 5, withoutBody: 2 })
  })

  it('finds every row that was deleted, doubled or swapped with another', async () => {
    const unseen: string[] = []
    const all = await rows()
    for (const { id, position, ...row } of all) {
      const json = { ...row, data: row.data ? JSON.stringify(row.data) : null }
      if (!(await found((trx) => trx('audit_events').where({ id }).delete()))) unseen.push(`deleted ${id}`)
      const copy = (place: object) => found((trx) => trx('audit_events').insert({ ...json, ...place }))
      if (!(await copy({ id: '90000', position: null, chain: null }))) unseen.push(`copied to the tail ${id}`)
      if (!(await copy({ id: '90000', position: 6 }))) unseen.push(`copied to the end of the chain ${id}`)
      for (const other of all.filter((each) => each.id > id)) {
        const swap = async (trx: Database) => {
          const data = other.data ? JSON.stringify(other.data) : null
          const { id: _, position: __, ...content } = other
          await trx('audit_events')
            .where({ id })
            .update({ ...content, data })
          await trx('audit_events').where({ id: other.id }).update(json)
        }
        if (!(await found(swap))) unseen.push(`swapped ${id} and ${other.id} (${position})`)
      }
    }
    expect(unseen).toEqual([])
  })

  it.each([
    ['the tail cut off that waits to be sealed', 'delete from audit_events where position is null'],
    ['the end of the chain cut off', 'delete from audit_events where position >= 4 or position is null'],
    ['everything deleted', 'delete from audit_events'],
    ['the note of the head deleted', 'delete from audit_heads'],
    ['the note of the head altered', 'update audit_heads set position = position - 1'],
    [
      'the end of the chain cut off, and the note set to the one before',
      `delete from audit_events where position = 5; update audit_heads set position = 4,
       chain = (select chain from audit_events where position = 4)`,
    ],
    [
      'the end of the chain cut off, with note and counts made to fit',
      `delete from audit_events where position = 5; update audit_heads set position = 4,
       chain = (select chain from audit_events where position = 4);
       delete from audit_counts; insert into audit_counts (backend, appended) select 0, count(*) from audit_events`,
    ],
    ['the note of the head with another proof', "update audit_heads set mac = 'a.x'"],
    ['the counts deleted', 'delete from audit_counts'],
    [
      'an event that the service did not write',
      "insert into audit_events (at, type, actor, digest) values (now(), 'signed_out', 'member', 'a.x')",
    ],
  ])('finds %s', async (_, sql) => {
    expect(await found((trx) => trx.raw(sql))).toBe(true)
  })

  it('goes on behind a gap, so that it stays to be seen', async () => {
    await withoutTriggers(database(), (trx) => trx('audit_events').where({ position: 5 }).delete())
    await store().seal()
    expect(await store().verify()).toMatchObject({ outcome: 'broken', position: 5, kind: 'row_missing' })
    expect((await store().head())?.position).toBe(7)
  })

  it('counts what is written by 16 at once, rolled back or not', async () => {
    const trail = (trx: Database) => createAuditTrail(store(trx).append)
    const turn = (n: number) =>
      database().transaction(async (trx) => {
        for (let each = 0; each < 5; each++) await trail(trx).signedOut({ at: at(20), accountId })
        if (n % 4 === 0) throw new Error('rolled back')
      })
    await Promise.allSettled([...Array(16).keys()].map(turn))
    await store().seal()
    expect(await store().verify()).toMatchObject({ outcome: 'intact', checked: 5 + 2 + 12 * 5, unsealed: 0 })
  })
})
