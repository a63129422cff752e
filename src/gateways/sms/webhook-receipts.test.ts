import { expect, it } from 'vitest'
import { readWebhookReceipts } from './webhook-receipts.ts'

const settings = {
  type: 'json',
  messageId: 'message.id',
  state: 'status',
  failure: 'error',
  states: { delivered: ['DELIVERED', '0'], undelivered: ['FAILED'] },
} as const

const read = (content: unknown, changes: object = {}) =>
  readWebhookReceipts({ ...settings, ...changes }, JSON.stringify(content))

it('reads one receipt, and several in a list', () => {
  const [one, other] = [
    { message: { id: 'M1' }, status: 'DELIVERED', error: 'none' },
    { message: { id: 7 }, status: 'FAILED', error: 12 },
  ]
  expect(read(one)).toEqual([{ gatewayMessageId: 'M1', state: 'delivered', failure: undefined }])
  expect(read({ results: [one, other] }, { list: 'results' })).toEqual([
    { gatewayMessageId: 'M1', state: 'delivered', failure: undefined },
    { gatewayMessageId: '7', state: 'undelivered', failure: '12' },
  ])
})

it('reads a form', () => {
  const form = { type: 'form', messageId: 'id', state: 's' } as const
  expect(readWebhookReceipts({ ...settings, ...form }, 'id=M1&s=0')).toEqual([
    { gatewayMessageId: 'M1', state: 'delivered', failure: undefined },
  ])
})

it('leaves out words that mean nothing here, and entries without an id', () => {
  expect(read({ message: { id: 'M1' }, status: 'BUFFERED' })).toEqual([])
  expect(read({ status: 'DELIVERED' })).toEqual([])
})

it('keeps codes of gateways and nothing that could name a person', () => {
  const failureOf = (error: string) => read({ message: { id: 'M1' }, status: 'FAILED', error })?.[0]?.failure
  expect(failureOf('EC_ABSENT_SUBSCRIBER')).toBe('EC_ABSENT_SUBSCRIBER')
  for (const text of ['no route to 4915112345671', '4915112345671', 'x'.repeat(31)])
    expect(failureOf(text)).toBe('OTHER')
})

it('says what it cannot read', () => {
  expect(readWebhookReceipts(settings, 'id=M1')).toBeUndefined()
  expect(readWebhookReceipts(settings, '"text"')).toBeUndefined()
  expect(read({ results: {} }, { list: 'results' })).toBeUndefined()
  expect(read({ results: Array(1001).fill({}) }, { list: 'results' })).toBeUndefined()
})
