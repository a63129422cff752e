import { describe, expect, it } from 'vitest'
import {
  diagnostic,
  foreign,
  group,
  id,
  recipient,
  report,
  type Shape,
} from '../../../test/support/delivery-reports.ts'
import { readDeliveryStatus } from './delivery-status.ts'

const smtp = (status: string, answer: string): Shape => ({ groups: [group(status, diagnostic(`smtp; ${answer}`))] })
const isNoAction = (line: string) => !line.startsWith('Action')
const withoutStatus = (action: string) => group('', { action }).filter((line) => !line.startsWith('Status'))
const mixed = { root: 'multipart/mixed' }
const localised = ['Ihre Nachricht an erika@example.org konnte nicht zugestellt werden: Fehler 550, IP 192.0.2.5.']

/** Reports in the shapes of Postfix, Exim, OpenSMTPD, Sendmail, Exchange and others, and what they say of the recipient. */
const table: [string, Shape, string | undefined][] = [
  ['Postfix, no mailbox', { ...smtp('5.1.1', '550 5.1.1 no such user'), returned: 'message' }, 'no_mailbox'],
  ['Postfix, a bare 550', smtp('5.0.0', '550 no such user'), 'no_mailbox'],
  ['Postfix, a bare 552', smtp('5.0.0', '552 no room'), 'mailbox_full'],
  ['Postfix, too large', smtp('5.3.4', '552 5.3.4 size limit'), 'refused'],
  ['Postfix, policy', smtp('5.7.1', '550 5.7.1 not wanted'), 'refused'],
  ['Postfix, local', { groups: [group('5.1.1', diagnostic('X-Postfix; unknown user: "erika"'))] }, 'no_mailbox'],
  ['Postfix, local quota', { groups: [group('5.2.2', diagnostic('x-unix; 550 blocks used'))] }, 'mailbox_full'],
  ['Postfix, no domain', { groups: [group('5.4.4', diagnostic('X-Postfix; Host not found'))] }, 'no_domain'],
  ['Postfix, null MX', { groups: [group('5.1.0', diagnostic('X-Postfix; no mail there (nullMX)'))] }, 'no_domain'],
  ['Postfix, expired greylisting', smtp('4.7.1', '450 4.7.1 come back later'), 'temporary'],
  ['Postfix, full to the end', smtp('4.2.2', '452 4.2.2 over quota'), 'mailbox_full'],
  ['Postfix, a pipe that cannot write', { groups: [group('5.2.0', diagnostic('x-unix; 73'))] }, 'refused'],
  ['a program whose words begin with a number', { groups: [group('5.0.0', diagnostic('x-unix; 550'))] }, 'refused'],
  ['Exim, no mailbox', { ...smtp('5.0.0', '550 5.1.1 no such user'), returned: 'message' }, 'no_mailbox'],
  ['Exim, full', smtp('5.0.0', '552 5.2.2 over quota'), 'mailbox_full'],
  ['Exim, policy', smtp('5.0.0', '550 5.7.1 not wanted'), 'refused'],
  ['Exim, full to the end', smtp('5.0.0', '452 4.2.2 over quota'), 'mailbox_full'],
  ['Exim, greylisted to the end', smtp('5.0.0', '450 come back later'), 'temporary'],
  ['Exim, no word why', { groups: [group('5.0.0')], words: localised }, 'refused'],
  ['Exim, a relay behind it', smtp('5.0.0', '550 relay not permitted'), 'refused'],
  ['OpenSMTPD, no answer told', { ...mixed, groups: [group('5.0.0')] }, 'refused'],
  [
    'OpenSMTPD, the answer told to people',
    { ...mixed, groups: [group('5.0.0')], words: ['Hi!', '', `${recipient}: 550 5.1.1 no such user`, ''] },
    'no_mailbox',
  ],
  ['OpenSMTPD, a delay', { ...mixed, groups: [group('4.0.0', { action: 'delayed' })] }, undefined],
  ['OpenSMTPD, the end of delays', { ...mixed, groups: [group('4.4.7', { action: 'delayed' })] }, 'temporary'],
  ['Sendmail, no domain', { groups: [group('5.1.2', diagnostic('DNS; no such host'))] }, 'no_domain'],
  ['Sendmail, null MX', smtp('5.1.10', '556 5.1.10 no mail here'), 'no_domain'],
  ['Sendmail, expired when full', { groups: [group('4.4.7', diagnostic('SMTP; 452 4.2.2 full'))] }, 'mailbox_full'],
  [
    'Sendmail, a delay',
    { groups: [group('4.4.7', { action: 'delayed', lines: ['Will-Retry-Until: Sat, 28 Nov 2026 09:00:00 +0100'] })] },
    undefined,
  ],
  ['Sendmail, success', { groups: [group('2.1.5', { action: 'delivered (to mailbox)' })] }, undefined],
  ['a success of another kind', { groups: [group('2.0.0', { action: 'relayed' })] }, undefined],
  ['an expanded list', { groups: [group('2.0.0', { action: 'expanded' })] }, undefined],
  ['a success after tries that failed', { groups: [group('5.1.1', { action: 'delivered' })] }, undefined],
  ['a success by its word alone', { groups: [withoutStatus('relayed')] }, undefined],
  ['a success by its status alone', { groups: [group('2.0.0').filter(isNoAction)] }, undefined],
  ['a success by its status, whatever the word', { groups: [group('2.1.5')] }, undefined],
  ['a failure by its word alone', { groups: [withoutStatus('failed')] }, 'refused'],
  ['a word with a comment', { groups: [group('5.1.1', { action: 'Failed (bad destination)' })] }, 'no_mailbox'],
  ['no word at all', { groups: [group('5.1.1').filter(isNoAction)] }, 'no_mailbox'],
  ['Exchange, not in its directory', smtp('5.1.10', '550 5.1.10 RESOLVER.ADR.RecipientNotFound'), 'no_mailbox'],
  ['Exchange Online, not there', smtp('5.4.1', '550 5.4.1 Recipient address rejected: Access denied'), 'no_domain'],
  ['Exchange Online, no such domain', smtp('5.4.310', '550 5.4.310 DNS domain does not exist'), 'no_domain'],
  ['Exchange, expired', smtp('4.4.7', '550 4.4.7 QUEUE.Expired; message expired'), 'temporary'],
  [
    'Exchange, quoting another server',
    { groups: [group('5.0.0', diagnostic('smtp;<mx.example.net #5.1.1 smtp;550 5.1.1 rejected>'))] },
    'no_mailbox',
  ],
  ['an answer of several lines', smtp('5.0.0', '550-5.1.1 The account\r\n    550 5.1.1 is not there'), 'no_mailbox'],
  ['a folded answer', smtp('5.0.0', '550\r\n\t5.2.1 disabled'), 'no_mailbox'],
  ['a number sign before the code', smtp('5.0.0', '550 #5.1.0 Address rejected.'), 'no_mailbox'],
  ['an address of the far side', smtp('5.0.0', '554 host 192.0.2.5 port 550 says no'), 'refused'],
  ['a sender that is not liked', smtp('5.1.8', '550 5.1.8 sender domain'), 'refused'],
  ['parts in base64', { encoding: 'base64', returned: 'message' }, 'no_mailbox'],
  ['parts in quoted-printable', { encoding: 'quoted-printable' }, 'no_mailbox'],
  ['in another language', { words: localised, groups: [group('5.2.2')] }, 'mailbox_full'],
  ['the whole e-mail, inline', { returned: 'inline' }, 'no_mailbox'],
  [
    'the whole e-mail in the text',
    { returned: 'nothing', words: ['>', `Message-Id: <${id}@a.example>`] },
    'no_mailbox',
  ],
  ['nothing returned, but answered', { returned: 'nothing', head: [`In-Reply-To: <${id}@a.example>`] }, 'no_mailbox'],
  ['a folded Message-ID', { messageId: `\r\n <${id.toUpperCase()}@a.example>` }, 'no_mailbox'],
]

describe('readDeliveryStatus', () => {
  it.each(table)('%s', async (_, shape, reason) => {
    const failures = reason === undefined ? [] : [{ recipient, reason }]
    const written = report(shape)
    expect(await readDeliveryStatus(Buffer.from(written))).toEqual({ messageId: id, failures })
    // As programs behind an alias get it.
    expect(await readDeliveryStatus(Buffer.from(written.replaceAll('\r\n', '\n')))).toEqual({ messageId: id, failures })
  })

  it('tells several recipients apart', async () => {
    const groups = [
      group('2.0.0', { action: 'relayed' }),
      group('5.1.1', { to: 'second@example.net' }),
      group('5.2.2', { to: recipient.toUpperCase() }),
    ]
    const { failures } = (await readDeliveryStatus(Buffer.from(report({ groups })))) ?? {}
    expect(failures).toEqual([
      { recipient: 'second@example.net', reason: 'no_mailbox' },
      { recipient: 'ERIKA@example.org', reason: 'mailbox_full' },
    ])
  })

  it.each([
    ['utf-8; erika@müller.example', 'erika@xn--mller-kva.example'],
    ['utf-8; erika@m\\x{FC}ller.example', 'erika@xn--mller-kva.example'],
    ['rfc822;<erika@example.org>', 'erika@example.org'],
  ])('reads the address of %s (RFC 6533)', async (address, expected) => {
    const groups = [[`Final-Recipient: ${address}`, 'Action: failed', 'Status: 5.1.1']]
    const written = report({ groups, statusType: 'message/global-delivery-status', returned: 'global' })
    const failures = [{ recipient: expected, reason: 'no_mailbox' }]
    expect(await readDeliveryStatus(Buffer.from(written))).toEqual({ messageId: id, failures })
  })

  it('takes the original recipient only where there is no final one', async () => {
    const both = (final: string) => [
      final,
      'Original-Recipient: rfc822; erika@example.org',
      'Status: 5.1.1',
      'Action: failed',
    ]
    const read = async (final: string) =>
      (await readDeliveryStatus(Buffer.from(report({ groups: [both(final)] }))))?.failures[0]?.recipient
    expect(await read('Final-Recipient: rfc822; second@example.net')).toBe('second@example.net')
    expect(await read('Final-Recipient: x400; /CN=erika/')).toBe('erika@example.org')
    expect(await read('Remote-MTA: dns; mx.example.net')).toBe('erika@example.org')
  })

  it.each([
    ['local; second@example.net', 'second@example.net', 'no_mailbox'],
    ['SMTP;second@example.net', 'second@example.net', 'no_mailbox'],
    ['second@example.net', 'second@example.net', 'no_mailbox'],
    ['rfc822; second@example.net (Second)', 'second@example.net', 'no_mailbox'],
    ['x400; /CN=second/', undefined, 'refused'],
    ['local; second', undefined, 'refused'],
  ])('takes %s for somebody, never for whoever the e-mail went to', async (address, expected, reason) => {
    const groups = [[`Final-Recipient: ${address}`, 'Action: failed', 'Status: 5.1.1']]
    const { failures } = (await readDeliveryStatus(Buffer.from(report({ groups })))) ?? {}
    expect(failures).toEqual([{ recipient: expected, reason }])
  })

  it('knows no e-mail of ours behind another that answers it', async () => {
    const head = [`In-Reply-To: <${id}@a.example>`, `References: <1@example.net> <${id}@a.example>`]
    const written = report({ head, messageId: '<2@example.net>', words: [`Message-Id: <${id}@a.example>`] })
    expect(await readDeliveryStatus(Buffer.from(written))).toMatchObject({ messageId: undefined })
  })

  it('costs no more than its length, however many recipients and words it has', async () => {
    const time = async (n: number) => {
      const groups = Array.from({ length: n }, (_, i) => group('5.0.0', { to: `erika.${i}@example.org` }))
      const words = Array.from({ length: n }, (_, i) => `erika.${i} is not here`)
      const written = Buffer.from(report({ groups, words }))
      const began = performance.now()
      expect((await readDeliveryStatus(written))?.failures).toHaveLength(100)
      return performance.now() - began
    }
    const best = async (n: number) => Math.min(await time(n), await time(n), await time(n))
    const once = await best(1000)
    expect((await best(8000)) / once).toBeLessThan(24)
  })

  it('knows no e-mail of ours in the report of another', async () => {
    expect(await readDeliveryStatus(Buffer.from(foreign()))).toMatchObject({ messageId: undefined })
    const baited = report({ messageId: '<1@example.net>', words: ['<00000000-0000-4000-8000-000000000000@elsewhere>'] })
    expect(await readDeliveryStatus(Buffer.from(baited))).toMatchObject({ messageId: undefined })
  })

  it.each([
    '',
    'From: a@example.org\r\n\r\nOut of office',
    'Content-Type: multipart/report; report-type=disposition-notification; boundary=b\r\n\r\n--b\r\nContent-Type: message/disposition-notification\r\n\r\nDisposition: automatic-action/MDN-sent-automatically; displayed\r\n--b--\r\n',
    `Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n${'x'.repeat(1000)}`,
  ])('is undefined for other e-mails', async (email) => {
    expect(await readDeliveryStatus(Buffer.from(email))).toBeUndefined()
  })
})
