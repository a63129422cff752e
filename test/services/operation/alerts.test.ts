import { beforeEach, expect, it, vi } from 'vitest'
import { createAlertService } from '../../../src/services/operation/alerts.ts'
import { createServiceWorld, type ServiceWorld } from '../../support/services.ts'
import { describeOnDatabase, sixteenTimes } from '../../support/stores/databases.ts'

const pumping = { kind: 'sms_pumping', detail: { purpose: 'registration', country: 'DE', share: 0.1 } } as const

describeOnDatabase('alerts', (database) => {
  let world: ServiceWorld
  const log = { error: vi.fn() }
  const create = (email: string | undefined = 'operators@example.org') =>
    createAlertService({ transaction: world.transaction, clock: world.clock, log, email })

  beforeEach(async () => {
    world = createServiceWorld(database())
    await world.empty()
    await database()('rate_limits').delete()
    log.error.mockReset()
  })

  it('reach log, audit log and the operators’ e-mail', async () => {
    expect(await create().raise(undefined, pumping)).toBe(true)
    const detail = 'purpose: registration, country: DE, share: 0.1'
    expect(await world.mails()).toEqual([
      {
        template: 'operatorAlert',
        to: 'operators@example.org',
        language: 'de',
        params: { alert: expect.stringContaining('pumping SMS'), detail },
      },
    ])
    expect(await world.events('operators_alerted')).toEqual([{ kind: 'sms_pumping', detail }])
    expect(log.error).toHaveBeenCalledWith({ alert: 'sms_pumping', ...pumping.detail }, expect.any(String))
  })

  it('come once an hour for the same place, whatever the numbers are', async () => {
    const alerts = create()
    await alerts.raise(undefined, pumping)
    expect(await alerts.raise(undefined, { ...pumping, detail: { ...pumping.detail, share: 0.05 } })).toBe(false)
    expect(await alerts.raise(undefined, { ...pumping, detail: { ...pumping.detail, country: 'AT' } })).toBe(true)
    world.clock.forward(3601)
    expect(await alerts.raise(undefined, pumping)).toBe(true)
    expect(await world.mails()).toHaveLength(3)
    expect(log.error).toHaveBeenCalledTimes(3)
  })

  it('come again when the transaction that raised them did not happen', async () => {
    const alerts = create()
    const failing = world.transaction(async (unit) => {
      await alerts.raise(unit, pumping)
      throw new Error('no')
    })
    await expect(failing).rejects.toThrow('no')
    expect(await world.mails()).toHaveLength(0)
    expect(await alerts.raise(undefined, pumping)).toBe(true)
  })

  it('stand in log and audit log without an address', async () => {
    await create('').raise(undefined, pumping)
    expect(await world.mails()).toHaveLength(0)
    expect(await world.events('operators_alerted')).toHaveLength(1)
  })

  it('come once when sixteen processes see the same', async () => {
    const alerts = create()
    const raised = await sixteenTimes(() => alerts.raise(undefined, pumping))
    expect(raised.filter(Boolean)).toHaveLength(1)
    expect(await world.mails()).toHaveLength(1)
  })
})
