import { beforeEach, expect, it } from 'vitest'
import { loadConfig } from '../../../src/config.ts'
import { createAuditRetention } from '../../../src/services/operation/audit-retention.ts'
import { emptyAuditLog } from '../../support/audit.ts'
import { createServiceWorld } from '../../support/services.ts'
import { describeOnDatabase } from '../../support/stores/databases.ts'

const { auditRetentionDays: days } = loadConfig({ DATA_DIR: '/tmp', NODE_ENV: 'development' }).deadlines
const accountId = '6f0c6b7e-7f0e-4f3e-9d9b-0b8f2f3a1c11'

describeOnDatabase('the retention of the audit log', (database) => {
  beforeEach(async () => {
    await emptyAuditLog(database())
  })

  it('keeps each class for its own days', async () => {
    const { stores, transaction, clock } = createServiceWorld(database())
    const at = clock.now()
    await transaction(async ({ audit }) => {
      await audit.mtanSent({ at, accountId, purpose: 'signIn', country: 'DE' })
      await audit.registrationActivated({ at, accountId })
      await audit.accountActivated({ at, accountId })
    })
    await stores.auditEvents.seal()
    const empty = createAuditRetention({ transaction, clock, days })
    const left = async () =>
      await database()('audit_events')
        .whereNotNull('data')
        .whereNot({ type: 'audit_bodies_emptied' })
        .orderBy('id')
        .pluck('type')
    expect(await empty()).toBe(0)
    clock.forward(366 * 86_400)
    expect(await empty()).toBe(1)
    expect(await left()).toEqual(['registration_activated', 'account_activated'])
    clock.forward((1096 - 366) * 86_400)
    expect(await empty()).toBe(1)
    expect(await left()).toEqual(['account_activated'])
    clock.forward((3651 - 1096) * 86_400)
    expect([await empty(), await left()]).toEqual([1, []])
    expect(await stores.auditEvents.verify()).toMatchObject({ outcome: 'intact', withoutBody: 3 })
    // What proves the emptying stays, however old it is.
    clock.forward(5000 * 86_400)
    await stores.auditEvents.seal()
    expect(await empty()).toBe(0)
    expect(await stores.auditEvents.verify()).toMatchObject({ outcome: 'intact', withoutBody: 3 })
  })
})
