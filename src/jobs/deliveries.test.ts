import { expect, it, vi } from 'vitest'
import type { ClaimedMessage } from '../stores/messages/message-claims.ts'
import { createDeliveries } from './deliveries.ts'

const lane = { kinds: ['sms'], atOnce: 2, lease: 60 } as const
const messageOf = (id: string) => ({ id, kind: 'sms' }) as ClaimedMessage
const sent = (id: string) => ({ id, kind: 'sms' }) as const
const turn = () => new Promise((resolve) => setImmediate(resolve))

/** Deliveries whose tries end when the test says so. */
function create() {
  const ends: (() => void)[] = []
  const outbox = {
    claim: vi.fn(async (): Promise<ClaimedMessage[]> => []),
    claimThese: vi.fn(async (ids: readonly string[]) => ids.map(messageOf)),
    deliver: vi.fn((_message: ClaimedMessage) => new Promise<void>((resolve) => void ends.push(resolve))),
  }
  const deliveries = createDeliveries({ log: { error: vi.fn() }, lanes: [lane] })
  deliveries.start(outbox)
  return { ...outbox, ends, deliveries }
}

it('what a commit hands over is claimed by its id, without a look at the rest', async () => {
  const { deliveries, claim, claimThese, deliver, ends } = create()
  deliveries.committed([sent('a'), { id: 'm', kind: 'email' }])
  await turn()
  expect(claimThese.mock.calls).toEqual([[['a'], 60]])
  expect(claim).not.toHaveBeenCalled()
  expect(deliver.mock.calls).toEqual([[messageOf('a')]])
  for (const end of ends) end()
  await deliveries.stop()
})

it('what finds no free place waits for the look that a free place begins', async () => {
  const { deliveries, claim, claimThese, ends } = create()
  deliveries.committed([sent('a')])
  deliveries.committed([sent('b')])
  await turn()
  deliveries.committed([sent('c')])
  await turn()
  expect(claimThese).toHaveBeenCalledTimes(2)
  expect(claim).not.toHaveBeenCalled()
  claim.mockResolvedValueOnce([messageOf('c')])
  for (const end of ends.splice(0)) end()
  await vi.waitFor(() => expect(claim).toHaveBeenCalled())
  await turn()
  for (const end of ends) end()
  await deliveries.stop()
})

it('nothing is taken after the stop', async () => {
  const { deliveries, claimThese } = create()
  await deliveries.stop()
  deliveries.committed([sent('a')])
  await turn()
  expect(claimThese).not.toHaveBeenCalled()
})
