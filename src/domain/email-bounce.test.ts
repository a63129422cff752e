import { expect, it } from 'vitest'
import { classifyBounce, isHardBounce } from './email-bounce.ts'

it.each([
  ['5.1.1', 550, 'no_mailbox'],
  ['5.1.2', 550, 'no_domain'],
  ['5.1.10', 556, 'no_domain'],
  ['5.2.1', 550, 'no_mailbox'],
  ['5.2.2', 552, 'mailbox_full'],
  ['5.7.1', 550, 'refused'],
  ['5.4.6', 554, 'refused'],
  ['4.2.2', 452, 'temporary'],
  [undefined, 550, 'no_mailbox'],
  [undefined, 552, 'mailbox_full'],
  [undefined, 556, 'no_domain'],
  [undefined, 554, 'refused'],
  [undefined, undefined, 'refused'],
] as const)('classes %s with reply %s as %s', (status, reply, reason) => {
  expect(classifyBounce(status, reply)).toBe(reason)
})

it('takes only a missing mailbox or domain as the end of an address', () => {
  expect(
    ['no_mailbox', 'no_domain', 'mailbox_full', 'refused', 'temporary'].map((r) => isHardBounce(r as never)),
  ).toEqual([true, true, false, false, false])
})
