import { describe, expect, it } from 'vitest'
import { readBounceReports, readDeliveryStatus } from './email-bounce-reports.ts'

const id = '0b8c5a3e-1111-4222-8333-444455556666'

/** A delivery status notification as Postfix writes it (RFC 3464). */
function notification({ action = 'failed', status = '5.1.1', messageId = `<${id}@anmeldung.example.org>` } = {}) {
  return Buffer.from(
    [
      'From: MAILER-DAEMON@mx.example.net',
      'To: bounces@aok.example.org',
      'Subject: Undelivered Mail Returned to Sender',
      'MIME-Version: 1.0',
      'Content-Type: multipart/report; report-type=delivery-status; boundary="b1"',
      '',
      '--b1',
      'Content-Type: text/plain',
      '',
      'I am sorry. Message-ID: <00000000-0000-4000-8000-000000000000@elsewhere>',
      '--b1',
      'Content-Type: message/delivery-status',
      '',
      'Reporting-MTA: dns; mx.example.net',
      '',
      'Final-Recipient: rfc822; erika@example.net',
      `Action: ${action}`,
      `Status: ${status}`,
      'Diagnostic-Code: smtp; 550 5.1.1 <erika@example.net>: Recipient address',
      '    rejected: User unknown',
      '',
      '--b1',
      'Content-Type: text/rfc822-headers',
      '',
      'From: noreply@aok.example.org',
      'To: erika@example.net',
      `Message-ID: ${messageId}`,
      '',
      '--b1--',
      '',
    ].join('\r\n'),
  )
}

describe('readDeliveryStatus', () => {
  it('finds our message and why it came back', async () => {
    expect(await readDeliveryStatus(notification())).toEqual({ messageId: id, status: '5.1.1', replyCode: 550 })
  })

  it.each([
    ['a delay', { action: 'delayed', status: '4.4.1' }],
    ['an e-mail of somebody else', { messageId: '<20261124.1@example.org>' }],
  ])('names no message for %s', async (_, changes) => {
    expect(await readDeliveryStatus(notification(changes))).toEqual({})
  })

  it('takes the whole returned e-mail too', async () => {
    const whole = notification().toString().replace('text/rfc822-headers', 'message/rfc822')
    expect(await readDeliveryStatus(Buffer.from(whole))).toMatchObject({ messageId: id })
  })

  it.each(['', 'From: a@example.org\r\n\r\nOut of office'])('is undefined for other e-mails', async (email) => {
    expect(await readDeliveryStatus(Buffer.from(email))).toBeUndefined()
  })
})

describe('readBounceReports', () => {
  it('reads messages and addresses', () => {
    const bounces = [
      { messageId: `<${id}@anmeldung.example.org>`, status: '5.1.1' },
      { address: 'erika@example.net', replyCode: 550, provider: 'ignored' },
    ]
    expect(readBounceReports(JSON.stringify({ bounces }))).toEqual([
      { messageId: id, status: '5.1.1' },
      { address: 'erika@example.net', replyCode: 550, messageId: undefined },
    ])
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
