import { randomUUID } from 'node:crypto'
import { beforeEach, expect, it } from 'vitest'
import { createAuditTrail } from '../../../src/audit/events.ts'
import { createSigningKey } from '../../../src/oidc/signing-keys.ts'
import { createSigningKeyService } from '../../../src/services/keys/signing-keys.ts'
import type { Database } from '../../../src/stores/database/database.ts'
import { createStores } from '../../../src/stores/index.ts'
import { createTransaction } from '../../../src/stores/transaction.ts'
import { emptyAuditLog } from '../../support/audit.ts'
import { createStandingClock } from '../../support/clock.ts'
import { describeOnServer, sixteenTimes } from '../../support/stores/databases.ts'
import { createProtection } from '../../support/stores/protection.ts'

const rules = { rotateAfterDays: 90, publishAheadHours: 24, keepRetiredHours: 168 }
const protection = createProtection()
const hour = 3600
const day = 24 * hour

function createWorld(db: Database) {
  const clock = createStandingClock('2026-11-24T09:00:00Z')
  const stores = createStores(db, protection)
  const transaction = createTransaction({
    knex: db,
    protection,
    createAudit: (unit) => createAuditTrail(unit.auditEvents.append),
    committed: () => {},
  })
  const createKey = () => createSigningKey('ES256')
  const keys = createSigningKeyService({ stores, transaction, clock, rules, algorithms: ['ES256'], createKey })
  return {
    clock,
    keys,
    stores,
    states: async () => (await stores.signingKeys.summaries()).map(({ state }) => state),
    kidOf: async (state: string) => (await stores.signingKeys.summaries()).find((key) => key.state === state)?.kid,
    events: async () => await db('audit_events').orderBy('id').pluck('type'),
    /** A process at work that publishes these keys. */
    async publish(id: string, kids: readonly string[]) {
      const rings = { cookie: [], encryption: [], hash: [] }
      await stores.keyRings.announce({ id, process: `host:${id.slice(0, 4)}`, signingKids: kids }, rings)
    },
  }
}

async function empty(db: Database) {
  for (const table of ['signing_keys', 'key_holders']) await db(table).delete()
  await emptyAuditLog(db)
}

describeOnServer('signing keys', (database) => {
  beforeEach(() => empty(database()))

  it('are made at the first start and found at the second', async () => {
    const { keys, events } = createWorld(database())
    const first = await keys.load()
    expect(first.map(({ alg, use, kty }) => [alg, use, kty])).toEqual([['ES256', 'sig', 'EC']])
    expect(await keys.load()).toEqual(first)
    expect(await events()).toEqual(['signing_key_created'])
  })

  it('are published a day before they sign, and a week after they signed', async () => {
    const { keys, clock, states, kidOf, events } = createWorld(database())
    await keys.load()
    const first = await kidOf('current')
    clock.forward(88 * day)
    expect(await keys.step()).toBe(0)
    clock.forward(1 * day)
    expect(await keys.step()).toBe(1)
    expect(await states()).toEqual(['current', 'next'])
    const second = await kidOf('next')
    clock.forward(23 * hour)
    expect(await keys.step()).toBe(0)
    clock.forward(1 * hour)
    expect(await keys.step()).toBe(1)
    expect([await kidOf('current'), await kidOf('retired')]).toEqual([second, first])
    clock.forward(167 * hour)
    expect(await keys.step()).toBe(0)
    clock.forward(1 * hour)
    expect(await keys.step()).toBe(1)
    expect(await states()).toEqual(['current'])
    expect(await events()).toEqual([
      'signing_key_created',
      'signing_key_created',
      'signing_key_rotated',
      'signing_key_removed',
    ])
  })

  it('do not sign before every process publishes them', async () => {
    const { keys, clock, kidOf, publish } = createWorld(database())
    await keys.load()
    const first = (await kidOf('current')) ?? ''
    await keys.publishNext()
    const second = (await kidOf('next')) ?? ''
    const [slow, quick] = [randomUUID(), randomUUID()]
    await publish(slow, [first])
    await publish(quick, [first, second])
    clock.forward(2 * day)
    expect(await keys.step()).toBe(0)
    await publish(slow, [first, second])
    expect(await keys.step()).toBe(1)
    expect(await kidOf('current')).toBe(second)
  })

  it('known to others go at once; the published next one signs, else a new one', async () => {
    const { keys, kidOf, states, events } = createWorld(database())
    await keys.load()
    await keys.publishNext()
    const [first, second] = [(await kidOf('current')) ?? '', (await kidOf('next')) ?? '']
    expect(await keys.revoke(['nobody'])).toEqual({ unknown: ['nobody'] })
    expect(await keys.revoke([first])).toEqual({ revoked: [first], signing: [second] })
    expect(await states()).toEqual(['current'])
    const again = await keys.revoke([second])
    const third = await kidOf('current')
    expect(again).toEqual({ revoked: [second], signing: [third] })
    expect([first, second]).not.toContain(third)
    expect((await events()).filter((type) => type === 'signing_key_removed')).toHaveLength(2)
  })

  it('tell their age', async () => {
    const { keys, clock, kidOf } = createWorld(database())
    await keys.load()
    clock.forward(5 * day)
    expect(await keys.ages()).toEqual([{ kid: await kidOf('current'), alg: 'ES256', days: 5 }])
  })
})

describeOnServer('signing keys of processes at once', (database) => {
  beforeEach(() => empty(database()))

  it('are one of 16 starts, and move once of 16 steps', async () => {
    const { keys, clock, states, events } = createWorld(database())
    const loaded = await sixteenTimes(() => keys.load())
    expect(new Set(loaded.flat().map(({ kid }) => kid)).size).toBe(1)
    clock.forward(89 * day)
    await sixteenTimes(() => keys.step())
    expect(await states()).toEqual(['current', 'next'])
    clock.forward(1 * day)
    await sixteenTimes(() => keys.step())
    expect(await states()).toEqual(['current', 'retired'])
    expect((await events()).filter((type) => type === 'signing_key_rotated')).toHaveLength(1)
  })
})
