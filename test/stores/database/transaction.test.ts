import { beforeEach, expect, it, vi } from 'vitest'
import { createAuditTrail } from '../../../src/audit/events.ts'
import { createTransaction, type UnitOfWork } from '../../../src/stores/transaction.ts'
import { emptyAuditLog } from '../../support/audit.ts'
import { newAccount } from '../../support/members.ts'
import { describeOnBoth, describeOnServer, sixteenTimes } from '../../support/stores/databases.ts'
import { createProtection } from '../../support/stores/protection.ts'

const protection = createProtection()
const now = new Date('2026-11-25T09:00:00Z')
const message = { kind: 'email', payload: { template: 'activation', to: 'erika@example.org' } } as const

describeOnBoth('a transaction', (database) => {
  const committed = vi.fn()
  const transaction = (changes: { committed?: () => void } = {}) =>
    createTransaction({
      knex: database(),
      protection,
      createAudit: (stores) => createAuditTrail(stores.auditEvents.append),
      committed,
      ...changes,
    })

  async function register(unit: UnitOfWork) {
    const account = newAccount()
    await unit.accounts.create(account)
    await unit.audit.registrationActivated({ at: now, accountId: account.id })
    await unit.send(message, now)
    return account.id
  }

  const written = async () => {
    const count = async (table: string) => Number((await database()(table).count('* as n').first())?.n)
    return [await count('accounts'), await count('audit_events'), await count('messages')]
  }

  beforeEach(async () => {
    committed.mockReset()
    await emptyAuditLog(database())
    for (const table of ['accounts', 'messages']) await database()(table).delete()
  })

  it('writes change, audit event and message together, and gives the result', async () => {
    const id = await transaction()(register)
    expect(await database()('accounts').pluck('id')).toEqual([id])
    expect(await written()).toEqual([1, 1, 1])
  })

  it('undoes all of it when the work fails', async () => {
    const work = async (unit: UnitOfWork) => {
      await register(unit)
      throw new Error('no')
    }
    await expect(transaction()(work)).rejects.toThrow('no')
    expect(await written()).toEqual([0, 0, 0])
    expect(committed).not.toHaveBeenCalled()
  })

  it('wakes the worker once, after the commit', async () => {
    const seen: Promise<number[]>[] = []
    const waking = transaction({ committed: () => seen.push(written()) })
    await waking(async (unit) => {
      await register(unit)
      await register(unit)
      expect(seen).toEqual([])
    })
    expect(await Promise.all(seen)).toEqual([[2, 2, 2]])
  })

  it('wakes nobody when nothing was sent', async () => {
    await transaction()((unit) => unit.settings.set('demo_loaded', 'true'))
    expect(committed).not.toHaveBeenCalled()
  })

  it('keeps the time until which a message may go out', async () => {
    await transaction()((unit) => unit.send({ ...message, expiresAt: new Date('2026-11-25T09:05:00Z') }, now))
    expect(await database()('messages').first()).toMatchObject({
      created_at: now,
      expires_at: new Date('2026-11-25T09:05:00Z'),
    })
  })

  it('writes one message of a key, and says so', async () => {
    const named = { ...message, key: 'activation:1' }
    const sends = await transaction()(async (unit) => [await unit.send(named, now), await unit.send(named, now)])
    expect(sends).toEqual([true, false])
    expect(await transaction()((unit) => unit.send(named, now))).toBe(false)
    expect(await written()).toEqual([0, 0, 1])
  })

  it('makes an older message void that it replaces, and only that', async () => {
    const send = (supersedes: string) => transaction()((unit) => unit.send({ ...message, supersedes }, now))
    for (const key of ['mtan:one', 'mtan:other', 'mtan:one']) await send(key)
    const rows = await database()('messages').orderBy('position')
    expect(rows.map((row) => [row.failure, row.payload === null])).toEqual([
      ['superseded', true],
      [null, false],
      [null, false],
    ])
    expect(JSON.stringify(rows)).not.toContain('mtan:one')
  })
})

describeOnServer('a message of one key', (database) => {
  it('is written once by sixteen at once', async () => {
    const transaction = createTransaction({
      knex: database(),
      protection,
      createAudit: (stores) => createAuditTrail(stores.auditEvents.append),
      committed() {},
    })
    const sent = await sixteenTimes(() => transaction((unit) => unit.send({ ...message, key: 'k' }, now)))
    expect(sent.filter(Boolean)).toHaveLength(1)
    expect(await database()('messages')).toHaveLength(1)
  })
})
