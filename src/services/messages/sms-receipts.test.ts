import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { SmsReceiptStore, SmsSpending } from '../../stores/messages/sms-receipts.ts'
import { createSmsReceiptService } from './sms-receipts.ts'

const now = new Date('2026-11-25T09:00:00Z')
const add = vi.fn()
const receive = vi.fn()
const [keepEarly, forgetEarly, forgetEarlyBefore, answer, counted] = [vi.fn(), vi.fn(), vi.fn(), vi.fn(), vi.fn()]
const alert = vi.fn()
const log = { info: vi.fn(), warn: vi.fn(), error: vi.fn() }
let spending: SmsSpending[] = []
const service = createSmsReceiptService({
  receipts: {
    ...{ add, receive, keepEarly, forgetEarly, forgetEarlyBefore, answer },
    spending: async () => spending,
  } as unknown as SmsReceiptStore,
  receiptIds: (gateway) => (gateway === 'hex' ? 'hex' : 'auto'),
  counted,
  clock: { now: () => now },
  log,
  signInLimits: { inAll: 3000, to: (country) => (country === 'DE' ? 2000 : 1000) },
  alert,
})
const sms = { id: 'message', to: '+4915112345671', text: '123456', purpose: 'signIn', accountId: 'account' }
const attempt = { sms, gateway: 'first', country: 'DE', price: 750 }
beforeEach(() => {
  for (const each of [add, receive, keepEarly, forgetEarly, forgetEarlyBefore, answer, counted]) each.mockReset()
  for (const each of [alert, log.info, log.warn, log.error]) each.mockReset()
})

describe('a submission', () => {
  it('that was accepted is noted without number and text', async () => {
    await service.attempted({ ...attempt, answer: { outcome: 'accepted', gatewayMessageId: 'M1' } })
    expect(add).toHaveBeenCalledWith({
      ...{ messageId: 'message', accountId: 'account', gateway: 'first', country: 'DE', purpose: 'signIn' },
      ...{ price: 750, state: 'accepted', failure: null, gatewayMessageId: 'm1', sentAt: now },
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
  it('asks for every id that it may mean, in the form of its gateway', async () => {
    receive.mockResolvedValue(true)
    await service.received('first', { gatewayMessageId: '0016', state: 'delivered' })
    await service.received('hex', { gatewayMessageId: '10', state: 'delivered' })
    expect(receive.mock.calls.map(([, { meant }]) => meant)).toEqual([['16', '10', '22'], ['16']])
    expect(counted.mock.calls).toEqual([
      ['first', 'matched'],
      ['hex', 'matched'],
    ])
  })

  it('that comes before the answer to its submission is kept, and the gateway is not kept waiting', async () => {
    receive.mockResolvedValue(false)
    await service.received('first', { gatewayMessageId: 'M1', state: 'delivered' })
    expect(keepEarly).toHaveBeenCalledWith('first', { meant: ['m1'], state: 'delivered', failure: undefined }, now)
    expect(counted.mock.calls).toEqual([['first', 'early']])
  })

  it('whose SMS is noted while it is kept is no early one', async () => {
    receive.mockResolvedValueOnce(false).mockResolvedValueOnce(true)
    keepEarly.mockResolvedValue('5')
    await service.received('first', { gatewayMessageId: 'M1', state: 'delivered' })
    expect(forgetEarly).toHaveBeenCalledWith('5')
    expect(counted.mock.calls).toEqual([['first', 'matched']])
  })

  it('that fits no SMS for a day is counted and logged, without its id', async () => {
    forgetEarlyBefore.mockResolvedValue(['first', 'second', 'first'])
    expect(await service.forgetUnmatched()).toBe(3)
    expect(counted.mock.calls.map(([, outcome]) => outcome)).toEqual(['unmatched', 'unmatched', 'unmatched'])
    expect(log.warn.mock.calls).toEqual([
      [{ gateway: 'first', count: 2 }, 'SMS receipts fit no SMS'],
      [{ gateway: 'second', count: 1 }, 'SMS receipts fit no SMS'],
    ])
  })

  it('that tells nothing leaves a trace', () => {
    service.passed('first', 'nothing')
    expect(counted).toHaveBeenCalledWith('first', 'nothing')
    expect(log.info).toHaveBeenCalledWith({ gateway: 'first' }, expect.any(String))
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
