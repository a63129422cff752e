import { beforeAll, expect, it } from 'vitest'
import type { AuditEvent } from '../../../src/audit/chain.ts'
import { createAuditEventStore } from '../../../src/stores/audit/audit-events.ts'
import { type AuditFilter, createAuditLookUpStore } from '../../../src/stores/audit/audit-look-ups.ts'
import { emptyAuditLog } from '../../support/audit.ts'
import { describeOnBoth } from '../../support/stores/databases.ts'
import { createProtection } from '../../support/stores/protection.ts'

const accountId = '6f0c6b7e-7f0e-4f3e-9d9b-0b8f2f3a1c11'
const staffId = '0b8f2f3a-7f0e-4f3e-9d9b-6f0c6b7e1c11'
const at = (second: number) => new Date(Date.UTC(2026, 10, 24, 9, 0, second))
const event = (second: number, type: string, given: Partial<AuditEvent> = {}): AuditEvent => ({
  ...{ at: at(second), type, actor: 'member', accountId: null, data: {} },
  ...given,
})

/** Two of them at one instant. */
const events = [
  event(1, 'sign_in_succeeded', { accountId, data: { clientId: 'portal' } }),
  event(2, 'staff_signed_in', { actor: `staff:${staffId}`, data: { staffId } }),
  event(3, 'client_suspended', { actor: 'cli:k.weber (os:kweber)', data: { clientId: 'portal' } }),
  event(3, 'client_resumed', { actor: 'client:robot', data: { clientId: 'other' } }),
  event(5, 'print_run_posted', { actor: 'system', data: { runId: 'r1', count: 2 } }),
  event(6, 'letter_posted', { actor: 'system', accountId, data: { runId: 'r1' } }),
]

describeOnBoth('look-ups in the audit log', (database) => {
  const look = () => createAuditLookUpStore(database())
  const types = async (filter: AuditFilter) => (await look().page(filter, { limit: 10 })).map(({ type }) => type)
  beforeAll(async () => {
    await emptyAuditLog(database())
    await createAuditEventStore(database(), createProtection().hash).appendAll(events)
  })

  it('give everything, newest first', async () => {
    expect(await types({})).toEqual(events.map(({ type }) => type).reverse())
  })

  it.each([
    ['a kind of actor', { actor: 'cli' }, ['client_suspended']],
    ['an operator, whatever his account', { actor: 'cli:k.weber' }, ['client_suspended']],
    ['a member of staff', { actor: `staff:${staffId}` }, ['staff_signed_in']],
    ['a service', { actor: 'client:robot' }, ['client_resumed']],
    ['members', { actor: 'member' }, ['sign_in_succeeded']],
    ['types', { types: ['letter_posted', 'client_resumed'] }, ['letter_posted', 'client_resumed']],
    ['an account', { accountId }, ['letter_posted', 'sign_in_succeeded']],
    ['a client', { clientId: 'portal' }, ['client_suspended', 'sign_in_succeeded']],
    ['what it is about', { reference: 'r1' }, ['letter_posted', 'print_run_posted']],
    ['a time', { from: at(2), until: at(5) }, ['client_resumed', 'client_suspended', 'staff_signed_in']],
    ['all at once', { accountId, clientId: 'portal', from: at(0), actor: 'member' }, ['sign_in_succeeded']],
  ])('find by %s', async (_, filter, found) => {
    expect(await types(filter)).toEqual(found)
  })

  it('go page by page in both directions, also between events of one instant', async () => {
    const older: string[] = []
    let page = await look().page({}, { limit: 2 })
    for (; page.length > 0; page = await look().page({}, { older: page.at(-1), limit: 2 }))
      older.push(...page.map(({ id }) => id))
    const newer: string[] = []
    for (
      page = await look().page({}, { newer: { at: at(0), id: '0' }, limit: 2 });
      page.length > 0;
      page = await look().page({}, { newer: page[0], limit: 2 })
    )
      newer.unshift(...page.map(({ id }) => id))
    expect(older).toHaveLength(events.length)
    expect(newer).toEqual(older)
  })

  it('find one by the number of its row, and nothing by another word', async () => {
    const [newest] = await look().page({}, { limit: 1 })
    expect(await look().find(newest?.id ?? '')).toMatchObject({
      type: 'letter_posted',
      accountId,
      data: { runId: 'r1' },
    })
    for (const id of ['0', 'x', '1 or 1=1', '9'.repeat(30)]) expect(await look().find(id)).toBeNull()
  })
})
