import { expect, it } from 'vitest'
import { type AccountState, accountMoves } from './account-state.ts'

const moves = Object.values(accountMoves)
const leadingTo = (to: AccountState) => [
  ...new Set(moves.filter((move) => move.to === to).flatMap(({ from }): readonly AccountState[] => from)),
]
const leadingFrom = (from: AccountState) => [
  ...new Set(
    moves.filter((move) => (move.from as readonly AccountState[]).includes(from)).map(({ to }): AccountState => to),
  ),
]

it('leads a member from the registration to the first sign-in, one state after the other', () => {
  const way: AccountState[] = ['pending_activation', 'awaiting_letter', 'letter_posted', 'active']
  for (const [index, from] of way.entries())
    expect(leadingFrom(from).filter((to) => way.includes(to) && to !== from)).toEqual(way.slice(index + 1, index + 2))
})

it('makes an account active only out of a posted letter, or again out of its end', () => {
  expect(leadingTo('active')).toEqual(['letter_posted', 'ended'])
})

it('ends accounts that were active, and brings none back that is deleted', () => {
  expect(leadingTo('ended')).toEqual(['active', 'suspended'])
  expect(leadingFrom('ended')).toEqual(['active', 'deleted'])
  expect(leadingFrom('deleted')).toEqual([])
})

it('never deletes an active account at once', () => {
  expect(leadingTo('deleted')).not.toContain('active')
})

it('never suspends what has ended', () => {
  expect(leadingTo('suspended')).toEqual(['pending_activation', 'awaiting_letter', 'letter_posted', 'active'])
})
