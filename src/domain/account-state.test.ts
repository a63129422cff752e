import { describe, expect, it } from 'vitest'
import { type AccountState, canMove } from './account-state.ts'

const states: AccountState[] = [
  'pending_activation',
  'awaiting_letter',
  'letter_posted',
  'active',
  'suspended',
  'ended',
  'deleted',
]

describe('canMove', () => {
  it('leads a member from the registration to the first sign-in, one state after the other', () => {
    const way = states.slice(0, 4)
    for (const [index, from] of way.entries())
      expect(way.filter((to) => canMove(from, to) && to !== from)).toEqual(way.slice(index + 1, index + 2))
  })

  it('makes an account active only out of a posted letter or a suspension', () => {
    expect(states.filter((from) => canMove(from, 'active'))).toEqual(['letter_posted', 'suspended', 'ended'])
  })

  it('lets a suspended account return to what it was', () => {
    const suspendable = states.filter((from) => canMove(from, 'suspended'))
    expect(suspendable).toEqual(['pending_activation', 'awaiting_letter', 'letter_posted', 'active'])
    expect(suspendable.every((state) => canMove('suspended', state))).toBe(true)
  })

  it('ends accounts that were active, and brings none back', () => {
    expect(states.filter((from) => canMove(from, 'ended'))).toEqual(['active', 'suspended'])
    expect(states.filter((to) => canMove('ended', to))).toEqual(['active', 'deleted'])
    expect(states.filter((to) => canMove('deleted', to))).toEqual([])
  })

  it('never deletes an active account at once', () => {
    expect(canMove('active', 'deleted')).toBe(false)
  })

  it('takes a further letter as a move', () => {
    expect(states.filter((state) => canMove(state, state))).toEqual(['letter_posted'])
  })
})
