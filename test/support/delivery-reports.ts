import { randomUUID } from 'node:crypto'

/** Our id of the e-mail that the reports are about, and its recipient. */
export const id = '0b8c5a3e-1111-4222-8333-444455556666'
export const recipient = 'erika@example.org'

/** How a mail server writes its report; `groups`: lines of each recipient. */
export type Shape = {
  groups?: string[][]
  root?: string
  statusType?: string
  encoding?: 'base64' | 'quoted-printable'
  head?: string[]
  words?: string[]
  returned?: 'message' | 'inline' | 'headers' | 'global' | 'nothing'
  messageId?: string
}

/** One recipient of a report, as RFC 3464 has it. */
export const group = (status: string, more: { action?: string; to?: string; lines?: string[] } = {}): string[] => [
  `Final-Recipient: rfc822; ${more.to ?? recipient}`,
  `Action: ${more.action ?? 'failed'}`,
  `Status: ${status}`,
  ...(more.lines ?? []),
]
export const diagnostic = (text: string) => ({ lines: [`Diagnostic-Code: ${text}`] })

const returnedTypes = {
  message: ['Content-Type: message/rfc822'],
  inline: ['Content-Type: message/rfc822', 'Content-Disposition: inline'],
  headers: ['Content-Type: text/rfc822-headers'],
  global: ['Content-Type: message/global-headers'],
}

/** Writes a report with CRLF at the ends of its lines. */
export function report(shape: Shape = {}): string {
  const {
    groups = [group('5.1.1')],
    encoding,
    returned = 'headers',
    messageId = `<${id}@anmeldung.example.org>`,
  } = shape
  const status = ['Reporting-MTA: dns; mx.example.net', 'Arrival-Date: Fri, 27 Nov 2026 09:00:00 +0100', '']
  const lines = [...status, ...groups.flatMap((group) => [...group, ''])].join('\r\n')
  const original = ['From: noreply@aok.example.org', `To: ${recipient}`, `Message-ID: ${messageId}`, 'Subject: Post']
  const part = (head: string[], body: string) => ['--b1', ...head, '', body]
  const statusType = shape.statusType ?? 'message/delivery-status'
  return [
    'From: MAILER-DAEMON@mx.example.net',
    'To: bounces@aok.example.org',
    'Subject: Undelivered',
    'MIME-Version: 1.0',
    ...(shape.head ?? []),
    `Content-Type: ${shape.root ?? 'multipart/report; report-type=delivery-status'}; boundary="b1"`,
    '',
    ...part(['Content-Type: text/plain; charset=utf-8'], (shape.words ?? ['It could not be delivered.']).join('\r\n')),
    ...part(
      [`Content-Type: ${statusType}`, ...(encoding ? [`Content-Transfer-Encoding: ${encoding}`] : [])],
      encode(lines, encoding),
    ),
    ...(returned === 'nothing' ? [] : part(returnedTypes[returned], [...original, '', 'Guten Tag', ''].join('\r\n'))),
    '--b1--',
    '',
  ].join('\r\n')
}

function encode(text: string, encoding: Shape['encoding']): string {
  if (encoding === 'base64') return Buffer.from(text).toString('base64').replace(/.{76}/g, '$&\r\n')
  return encoding ? text.replaceAll('=', '=3D').replace(/[^\r\n]{70}/g, '$&=\r\n') : text
}

/** A report whose Message-ID is another's. */
export const foreign = (): string => report({ messageId: `<${randomUUID().slice(0, 8)}@example.net>` })
