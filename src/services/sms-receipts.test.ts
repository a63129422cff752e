import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { SmsReceiptStore, SmsSpending } from '../stores/sms-receipts.ts'
import { createSmsReceiptService } from './sms-receipts.ts'

const now = new Date('2026-11-25T09:00:00Z')
const add = vi.fn()
const receive = vi.fn()
const alert = vi.fn()
const log = { warn: vi.fn(), error: vi.fn() }
let spending: SmsSpending[] = []
const service = createSmsReceiptService({
  receipts: { add, receive, spending: async () => spending } as unknown as SmsReceiptStore,
  clock: { now: () => now },
  log,
  signInLimits: { inAll: 3000, to: (country) => (country === 'DE' ? 2000 : 1000) },
  alert,
})
const sms = { id: 'message', to: '+4915112345671', text: '123456', purpose: 'signIn', accountId: 'account' }
const attempt = { sms, gateway: 'first', country: 'DE', price: 750 }
beforeEach(() => {
  for (const each of [add, receive, alert, log.warn, log.error]) each.mockReset()
})

describe('a submission', () => {
  it('that was accepted is noted without number and text', async () => {
    await service.attempted({ ...attempt, answer: { outcome: 'accepted', gatewayMessageId: 'M1' } })
    expect(add).toHaveBeenCalledWith({
      ...{ messageId: 'message', accountId: 'account', gateway: 'first', country: 'DE', purpose: 'signIn' },
      ...{ price: 750, state: 'accepted', failure: null, gatewayMessageId: 'M1', sentAt: now },
    })
  })

  it('without an answer is noted and logged: it may arrive twice', async () => {
    await service.attempted({ ...attempt, answer: { outcome: 'unknown', failure: 'TIMEOUT' } })
    expect(add).toHaveBeenCalledWith(expect.objectContaining({ state: 'unknown', failure: 'TIMEOUT' }))
    expect(log.warn).toHaveBeenCalledWith({ gateway: 'first', country: 'DE', failure: 'TIMEOUT' }, expect.any(String))
  })

  it('that was refused left nothing behind', async () => {
    await service.attempted({ ...attempt, answer: { outcome: 'temporary', failure: 'HTTP_503' } })
    expect(add).not.toHaveBeenCalled()
  })

  it('that cannot be noted is not sent again', async () => {
    add.mockRejectedValue(new Error('database is away'))
    await service.attempted({ ...attempt, answer: { outcome: 'accepted' } })
    expect(log.error).toHaveBeenCalled()
  })
})

describe('a receipt', () => {
  it('that overtakes the answer to its submission is looked up again', async () => {
    receive.mockResolvedValueOnce(false).mockResolvedValueOnce(true)
    await service.received('first', { gatewayMessageId: 'M1', state: 'delivered' })
    expect(receive).toHaveBeenCalledTimes(2)
  })

  it('that cannot be noted shall come again', async () => {
    receive.mockRejectedValue(new Error('database is away'))
    await expect(service.received('first', { gatewayMessageId: 'M1', state: 'delivered' })).rejects.toThrow()
  })
})

it('spending after a right password alerts by country and in all, registrations do not count', async () => {
  spending = [
    { purpose: 'signIn', country: 'DE', spent: 1500 },
    { purpose: 'newLetter', country: 'DE', spent: 501 },
    { purpose: 'signIn', country: 'AT', spent: 999 },
    { purpose: 'registration', country: 'AT', spent: 9999 },
  ]
  expect(await service.watchSpending()).toBe(1)
  expect(alert.mock.calls).toEqual([[{ purpose: 'signIn', country: 'DE' }]])
  spending.push({ purpose: 'signIn', country: 'AT', spent: 2 })
  expect(await service.watchSpending()).toBe(3)
  expect(alert).toHaveBeenLastCalledWith({ purpose: 'signIn', country: 'all' })
})
