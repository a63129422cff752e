import { expect, it } from 'vitest'
import type { Advance } from '../journeys/journey.ts'
import type { Transaction } from '../stores/transaction.ts'
import { createUnderWay, settle } from './under-way.ts'

type State = { step: string }
const blocked = { kind: 'blocked' } as unknown as Advance<State>
const position = { id: 'journey', version: 1 } as never

/** A journey that a right password moves on. */
function journey() {
  let stands = true
  const transaction = (async (work: (unit: unknown) => unknown) =>
    work({ journeys: { stands: async () => stands } })) as unknown as Transaction
  const moveOn = () => {
    stands = false
  }
  return { transaction, moveOn }
}

// Incident: the click that came first met the pause that the second one, whose password was right, had begun.
it.each(['first', 'second'])(
  'waits for the click whose password is right, also when the paused one came %s',
  async (which) => {
    const { transaction, moveOn } = journey()
    const underWay = createUnderWay()
    const right = Promise.withResolvers<Advance<State>>()
    const paused = () => underWay.begin('journey', async () => blocked)
    const before = which === 'first' ? paused() : undefined
    underWay.begin('journey', () => right.promise)
    const { work, others } = before ?? paused()
    const answer = settle(await work, others, position, transaction)
    moveOn()
    right.resolve({ kind: 'moved' } as never)
    expect(await answer).toEqual({ kind: 'overtaken' })
  },
)

it('tells of the pause when nobody moved on, and waits for no other journey', async () => {
  const { transaction } = journey()
  const underWay = createUnderWay()
  underWay.begin('another', () => new Promise(() => {}))
  underWay.begin('journey', async () => Promise.reject(new Error('fault'))).work.catch(() => {})
  const { work, others } = underWay.begin('journey', async () => blocked)
  expect(await settle(await work, others, position, transaction)).toBe(blocked)
})
