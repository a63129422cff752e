#!/bin/sh
# mailparser 3.14.2: a returned message marked `inline` melts into the report.
#
# Expected  The third part of a non-delivery report, `message/rfc822`, is the message that came back (RFC 6522). It is
#           an attachment whatever its Content-Disposition says, and its Message-ID tells which of our e-mails it was.
# Does      With `Content-Disposition: inline` (RFC 2183, 2.1) it is not among `attachments`. From, Subject, To and the
#           text of the returned message are added to the text of the report; its other headers, Message-ID among them,
#           are gone.
# Source    The package hands embedded messages to @zone-eu/mailsplit, which opens those that are not attachments.
# Remedy    The option `ignoreEmbedded: true`, which is handed on to mailsplit.
# Seen      no disposition       attachments: message/rfc822; Message-ID of the returned message found: true
#           inline               attachments: none; Message-ID of the returned message found: false
#           inline, with option  attachments: message/rfc822; Message-ID of the returned message found: true
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' >package.json
npm install --loglevel=error --no-audit --no-fund --ignore-scripts \
  mailparser@3.14.2 >/dev/null
cat >demo.mjs <<'END'
import { simpleParser } from 'mailparser'

const report = (...disposition) =>
  [
    'From: MAILER-DAEMON@mx.example.org',
    'To: bounces@example.org',
    'MIME-Version: 1.0',
    'Content-Type: multipart/report; report-type=delivery-status; boundary="b"',
    '',
    '--b',
    'Content-Type: text/plain',
    '',
    'Your message could not be delivered.',
    '--b',
    'Content-Type: message/rfc822',
    ...disposition,
    '',
    'Message-ID: <42@example.org>',
    'From: info@example.org',
    'To: max@example.org',
    'Subject: Guten Tag',
    '',
    'Guten Tag',
    '',
    '--b--',
    '',
  ].join('\r\n')

const inline = 'Content-Disposition: inline'
const seen = []
for (const [name, mail, options] of [
  ['no disposition', report()],
  ['inline', report(inline)],
  ['inline, with option', report(inline), { ignoreEmbedded: true }],
]) {
  const parsed = await simpleParser(mail, options)
  const found = parsed.attachments.map(({ contentType }) => contentType).join() || 'none'
  const headers = parsed.headerLines.map(({ line }) => line)
  const places = [parsed.text, ...headers, ...parsed.attachments.map(({ content }) => content)]
  const known = places.some((place) => place.includes('42@example.org'))
  console.log(`${name.padEnd(19)}  attachments: ${found}; Message-ID of the returned message found: ${known}`)
  seen.push(found, known)
}
const same = seen.join() === 'message/rfc822,true,none,false,message/rfc822,true'
console.log(same ? 'as described' : 'CHANGED: a returned message is kept, or lost, otherwise')
process.exitCode = same ? 0 : 1
END
node demo.mjs
