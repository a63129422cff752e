import { describe, expect, it } from 'vitest'
import { readBounceReports } from './email-bounce-reports.ts'

const id = '0b8c5a3e-1111-4222-8333-444455556666'

describe('readBounceReports', () => {
  it('reads messages and addresses', () => {
    const bounces = [
      { messageId: `<${id}@anmeldung.example.org>`, status: '5.1.1' },
      { address: 'erika@example.net', replyCode: 550, provider: 'ignored' },
    ]
    expect(readBounceReports(JSON.stringify({ bounces }))).toEqual([
      { messageId: id, reason: 'no_mailbox' },
      { address: 'erika@example.net', reason: 'no_mailbox' },
    ])
  })

  it('takes no success for a bounce', () => {
    const bounces = [
      { messageId: `<${id}@anmeldung.example.org>`, status: '2.0.0' },
      { address: 'erika@example.net', status: '2.1.5', replyCode: 550 },
    ]
    expect(readBounceReports(JSON.stringify({ bounces }))).toEqual([])
  })

  it.each([
    ['', 'no JSON'],
    ['{"bounces":[]}', 'nothing'],
    ['{"bounces":[{"status":"5.1.1"}]}', 'about nothing'],
    ['{"bounces":[{"address":"a@example.org"}]}', 'without a reason'],
    ['{"bounces":[{"address":"a@example.org","status":"bad"}]}', 'a status that is none'],
  ])('refuses %s (%s)', (text) => {
    expect(readBounceReports(text)).toBeUndefined()
  })
})
