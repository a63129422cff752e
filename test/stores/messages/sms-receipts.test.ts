import { randomUUID } from 'node:crypto'
import { beforeEach, expect, it } from 'vitest'
import { createSmsReceiptStore, type SmsRecord } from '../../../src/stores/messages/sms-receipts.ts'
import { describeOnBoth, sixteenTimes } from '../../support/stores/databases.ts'
import { createProtection } from '../../support/stores/protection.ts'

const protection = createProtection()
const sentAt = new Date('2026-11-25T09:00:00Z')
const later = new Date('2026-11-25T09:00:07Z')

describeOnBoth('receipts of SMS', (database) => {
  const store = () => createSmsReceiptStore(database(), protection)
  const recordOf = (changes: Partial<SmsRecord & { gatewayMessageId: string }>) => {
    return {
      messageId: randomUUID(),
      accountId: randomUUID(),
      gateway: 'first',
      country: 'DE',
      purpose: 'signIn',
      price: 750,
      state: 'accepted' as const,
      failure: null,
      sentAt,
      gatewayMessageId: 'M1',
      ...changes,
    }
  }
  const addRecord = (changes: Parameters<typeof recordOf>[0]) => store().add(recordOf(changes))
  const add = async (changes: Parameters<typeof recordOf>[0] = {}) => {
    const record = recordOf(changes)
    await store().add(record)
    return record.accountId as string
  }
  const stateOf = async (accountId: string) => (await store().ofAccount(accountId))[0]?.state

  beforeEach(async () => {
    await database()('sms_receipts').delete()
    await database()('sms_early_receipts').delete()
  })

  it('tell what became of an SMS, without the id that the gateway gave it', async () => {
    const account = await add()
    expect(await store().receive('first', { meant: ['M1'], state: 'undelivered', failure: 'ERR_12' }, later)).toBe(true)
    expect(await store().ofAccount(account)).toMatchObject([
      {
        gateway: 'first',
        country: 'DE',
        purpose: 'signIn',
        state: 'undelivered',
        failure: 'ERR_12',
        sentAt,
        changedAt: later,
      },
    ])
    const [row] = await database()('sms_receipts')
    expect(Object.values(row)).not.toContain('M1')
  })

  it('that came before the id of the SMS was known are taken with it, the end before what leads to it', async () => {
    await store().keepEarly('first', { meant: ['M1', '77'], state: 'accepted' }, sentAt)
    await store().keepEarly('first', { meant: ['M1', '77'], state: 'undelivered', failure: 'ERR_1' }, sentAt)
    await store().keepEarly('second', { meant: ['M1'], state: 'delivered' }, sentAt)
    const account = await add({ gatewayMessageId: '77' })
    expect(await store().ofAccount(account)).toMatchObject([{ state: 'undelivered', failure: 'ERR_1' }])
    expect(await database()('sms_early_receipts').pluck('gateway')).toEqual(['second'])
  })

  it('know the SMS whose answer came late, and one that was refused late', async () => {
    const accountId = randomUUID()
    const unknown = { accountId, state: 'unknown' as const, failure: 'TIMEOUT', gatewayMessageId: undefined }
    const ids = [await addRecord(unknown), await addRecord({ ...unknown, gateway: 'second' })]
    await store().keepEarly('first', { meant: ['M9'], state: 'delivered' }, sentAt)
    await store().answer(ids[0] ?? '', { gateway: 'first', gatewayMessageId: 'M9' }, later)
    await store().answer(ids[1] ?? '', { gateway: 'second', failure: 'SMPP_1' }, later)
    const states = (await store().ofAccount(accountId)).map(({ gateway, state, failure }) => [gateway, state, failure])
    expect(states.sort()).toEqual([
      ['first', 'delivered', null],
      ['second', 'undelivered', 'SMPP_1'],
    ])
  })

  it('mean the likeliest of several ids', async () => {
    const [ten, sixteen] = [await add({ gatewayMessageId: '10' }), await add({ gatewayMessageId: '16' })]
    expect(await store().receive('first', { meant: ['16', '10', '22'], state: 'delivered' }, later)).toBe(true)
    expect([await stateOf(ten), await stateOf(sixteen)]).toEqual(['accepted', 'delivered'])
  })

  it('without an SMS are forgotten after their time, each counted once by 16 at once', async () => {
    for (let n = 0; n < 5; n++) await store().keepEarly('first', { meant: [`M${n}`], state: 'delivered' }, sentAt)
    await store().keepEarly('second', { meant: ['M1'], state: 'delivered' }, later)
    const forgotten = await sixteenTimes(() => store().forgetEarlyBefore(later))
    expect(forgotten.flat()).toEqual(['first', 'first', 'first', 'first', 'first'])
    expect(await database()('sms_early_receipts').pluck('gateway')).toEqual(['second'])
  })

  it('keep an end: what is repeated, late or contrary changes nothing', async () => {
    const account = await add()
    await store().receive('first', { meant: ['M1'], state: 'delivered' }, later)
    for (const state of ['accepted', 'expired', 'undelivered'] as const)
      expect(await store().receive('first', { meant: ['M1'], state, failure: 'X' }, new Date())).toBe(true)
    expect((await store().ofAccount(account))[0]).toMatchObject({ state: 'delivered', failure: null, changedAt: later })
  })

  it('that come 16 times at once leave one end', async () => {
    const account = await add()
    const ends = ['delivered', 'expired'] as const
    await sixteenTimes((n) => store().receive('first', { meant: ['M1'], state: ends[n % 2] ?? 'delivered' }, later))
    expect(ends).toContain(await stateOf(account))
  })

  it('are of one gateway, and of the newest SMS when it uses an id again', async () => {
    const [old, other] = [await add(), await add({ gateway: 'second' })]
    const newest = await add()
    expect(await store().receive('first', { meant: ['M1'], state: 'delivered' }, later)).toBe(true)
    expect(await store().receive('first', { meant: ['M2'], state: 'delivered' }, later)).toBe(false)
    expect([await stateOf(old), await stateOf(other), await stateOf(newest)]).toEqual([
      'accepted',
      'accepted',
      'delivered',
    ])
  })

  it('give shares and doubles by gateway and country, and what was spent', async () => {
    const messageId = randomUUID()
    await add({ messageId, state: 'unknown', gatewayMessageId: undefined })
    await add({ messageId, gateway: 'second', price: 800 })
    await add({ country: 'AT', purpose: 'registration', price: 820, state: 'delivered' })
    await add({ sentAt: new Date('2026-11-24T08:00:00Z') })
    expect(await store().shares(new Date('2026-11-25T00:00:00Z'))).toEqual([
      expect.objectContaining({ gateway: 'first', country: 'AT', delivered: 1, accepted: 0, doubles: 0 }),
      expect.objectContaining({ gateway: 'first', country: 'DE', unknown: 1, accepted: 0, doubles: 0 }),
      expect.objectContaining({ gateway: 'second', country: 'DE', unknown: 0, accepted: 1, doubles: 1 }),
    ])
    const spent = await store().spending(new Date('2026-11-25T00:00:00Z'))
    expect(spent.sort((one, other) => one.country.localeCompare(other.country))).toEqual([
      { purpose: 'registration', country: 'AT', spent: 820 },
      { purpose: 'signIn', country: 'DE', spent: 1550 },
    ])
  })

  it('are deleted by age', async () => {
    await add()
    await add({ sentAt: later })
    expect(await store().deleteSentBefore(later)).toBe(1)
    expect(await database()('sms_receipts')).toHaveLength(1)
  })
})
