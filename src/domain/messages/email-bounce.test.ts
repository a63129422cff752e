import { describe, expect, it } from 'vitest'
import { classifyBounce, isHardBounce, readAnswer, relayRefusal, worstOf } from './email-bounce.ts'

describe('classifyBounce', () => {
  it.each([
    ['5.1.1', 550, 'no_mailbox'],
    ['5.1.2', 550, 'no_domain'],
    ['5.1.3', 553, 'no_mailbox'],
    ['5.1.6', 551, 'no_mailbox'],
    ['5.1.7', 553, 'refused'],
    ['5.1.8', 550, 'refused'],
    ['5.1.90', 550, 'refused'],
    ['5.1.10', 556, 'no_domain'],
    ['5.1.10', undefined, 'no_domain'],
    ['5.1.10', 550, 'no_mailbox'],
    ['5.1.0', undefined, 'no_domain'],
    ['5.1.0', 550, 'no_mailbox'],
    ['5.2.0', undefined, 'refused'],
    ['5.2.0', 552, 'mailbox_full'],
    ['5.2.1', 550, 'no_mailbox'],
    ['5.2.2', 552, 'mailbox_full'],
    ['5.2.3', 552, 'refused'],
    ['5.3.4', 552, 'refused'],
    ['5.4.1', 550, 'no_domain'],
    ['5.4.4', undefined, 'no_domain'],
    ['5.4.310', 550, 'no_domain'],
    ['5.4.6', 554, 'refused'],
    ['5.4.7', 550, 'temporary'],
    ['5.5.0', 550, 'no_mailbox'],
    ['5.7.1', 550, 'refused'],
    ['4.2.2', 452, 'mailbox_full'],
    ['4.4.7', 550, 'temporary'],
    ['4.7.1', 450, 'temporary'],
    ['5.0.0', 550, 'no_mailbox'],
    ['5.0.0', undefined, 'refused'],
    ['4.0.0', undefined, 'temporary'],
    [undefined, 450, 'temporary'],
    [undefined, 550, 'no_mailbox'],
    [undefined, 552, 'mailbox_full'],
    [undefined, 521, 'no_domain'],
    [undefined, 556, 'no_domain'],
    [undefined, 554, 'refused'],
    [undefined, undefined, 'refused'],
  ] as const)('classes %s with reply %s as %s', (status, replyCode, reason) => {
    expect(classifyBounce(status, { replyCode })).toBe(reason)
  })

  it('takes the code of the answer where the report has none that says why', () => {
    for (const status of [undefined, '5.0.0', '4.0.0', '4.4.7', '5.4.7'])
      expect(classifyBounce(status, readAnswer('552 5.2.2 over quota'))).toBe('mailbox_full')
    expect(classifyBounce('5.7.1', readAnswer('550 5.1.1 no such user'))).toBe('refused')
  })
})

it.each([
  ['550 5.1.1 <a@example.org>: unknown', 550, '5.1.1'],
  ['550-5.1.1 two\n550 5.1.1 lines', 550, '5.1.1'],
  ['550 #5.1.0 Address rejected.', 550, '5.1.0'],
  ['550 no such user here', 550, undefined],
  ['5.1.1 unknown', undefined, '5.1.1'],
  ['554 5.4.14. Hop count', 554, '5.4.14'],
  ['X-Postfix: host mx.example.org[192.0.2.25] said: 550 5.1.1 unknown', 550, '5.1.1'],
  ['<mx.example.org #5.1.1 smtp;550 5.1.1 rejected>', 550, '5.1.1'],
  ['connect to mx.example.org[192.0.2.1]:550: refused', undefined, undefined],
  ['192.0.2.5 is not ours', undefined, undefined],
  ['5.1.1.9 is an address', undefined, undefined],
  ['unknown user', undefined, undefined],
])('reads %s', (text, replyCode, status) => {
  expect(readAnswer(text)).toMatchObject({ replyCode, status })
})

it.each([
  '550 relay not permitted',
  '550 Relaying denied',
  '550 Sender verify failed',
  '553 sorry, sender address rejected',
  '550 listed in a blocklist',
  '550 SPF check failed',
  '550 5.1.0 <noreply@example.org>: Sender address rejected: User unknown',
])('takes "%s" for a word about us', (text) => {
  const answer = readAnswer(text)
  expect(classifyBounce(answer.status, answer)).toBe('refused')
})

describe('relayRefusal', () => {
  it.each([
    ['RCPT TO', '550 5.1.1 user unknown', 'no_mailbox'],
    ['RCPT TO', '550 5.4.1 Recipient address rejected: Access denied', 'no_domain'],
    ['RCPT TO', '556 5.1.10 null MX', 'no_domain'],
    ['RCPT TO', '552 5.2.2 mailbox full', 'mailbox_full'],
    ['RCPT TO', '550 5.2.0 other', 'refused'],
    ['DATA', '550 5.1.1 user unknown', 'no_mailbox'],
    ['DATA', '552 5.2.2 mailbox full', 'mailbox_full'],
    // What is about us or the relay, or does not say.
    ['RCPT TO', '550 relay not permitted', undefined],
    ['RCPT TO', '550 Invalid recipient', undefined],
    ['RCPT TO', '550 no such user', undefined],
    ['RCPT TO', '552 too much', undefined],
    ['RCPT TO', '503 sender not yet given', undefined],
    ['RCPT TO', '530 5.7.0 Authentication required', undefined],
    ['RCPT TO', '550 5.7.1 relaying denied', undefined],
    ['RCPT TO', '550 5.0.0 no', undefined],
    ['RCPT TO', '550 5.1.0 <noreply@example.org>: Sender address rejected', undefined],
    ['RCPT TO', '553 5.1.7 sender syntax', undefined],
    ['RCPT TO', '550 5.1.8 sender domain', undefined],
    ['RCPT TO', '452 4.2.2 mailbox full', undefined],
    ['MAIL FROM', '550 5.1.1 unknown', undefined],
    ['DATA', '554 5.7.1 spam', undefined],
    ['CONN', '554 5.1.1 go away', undefined],
    [undefined, '550 5.1.1 unknown', undefined],
  ])('makes %s: %s to %s', (command, response, reason) => {
    expect(relayRefusal(command, readAnswer(response))).toBe(reason)
  })
})

it('takes only a missing mailbox or domain as the end of an address, and says the worst of several', () => {
  const reasons = ['temporary', 'refused', 'mailbox_full', 'no_domain', 'no_mailbox'] as const
  expect(reasons.map(isHardBounce)).toEqual([false, false, false, true, true])
  expect(reasons.map((_, index) => worstOf(reasons.slice(0, index + 1)))).toEqual(reasons)
  expect(worstOf([])).toBeUndefined()
})
