#!/bin/sh
# mailparser 3.14.2: the status of a non-delivery report is text, its internationalised form an attachment.
#
# Expected  A `multipart/report` has two parts for machines (RFC 3464, 2): both are found among `attachments`, by their
#           content type, and the human words alone are `text`. `message/global-delivery-status` (RFC 6533) is treated
#           as its elder brother.
# Does      `message/delivery-status` is no attachment: its fields are added to the words of `text`, with nothing to
#           tell where they begin, so that a `Status:` that a person quotes looks like one of the report.
#           `message/global-delivery-status`, `message/feedback-report` and `message/disposition-notification` are
#           attachments.
# Source    mail-parser.js of the package: `textTypes`.
# Remedy    The option `keepDeliveryStatus: true`.
# Seen      message/delivery-status         attachments: none; status in text: true
#           message/global-delivery-status  attachments: message/global-delivery-status; status in text: false
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' >package.json
npm install --loglevel=error --no-audit --no-fund --ignore-scripts \
  mailparser@3.14.2 >/dev/null
cat >demo.mjs <<'END'
import { simpleParser } from 'mailparser'

const report = (type) =>
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
    `Content-Type: ${type}`,
    '',
    'Reporting-MTA: dns; mx.example.org',
    '',
    'Final-Recipient: rfc822; max@example.org',
    'Action: failed',
    'Status: 5.1.1',
    '',
    '--b--',
    '',
  ].join('\r\n')

const seen = []
for (const type of ['message/delivery-status', 'message/global-delivery-status']) {
  const { attachments, text } = await simpleParser(report(type))
  const found = attachments.map(({ contentType }) => contentType).join() || 'none'
  const inText = text.includes('Status: 5.1.1')
  console.log(`${type.padEnd(30)}  attachments: ${found}; status in text: ${inText}`)
  seen.push(found, inText)
}
const same = seen.join() === 'none,true,message/global-delivery-status,false'
console.log(same ? 'as described' : 'CHANGED: both kinds of status are treated otherwise')
process.exitCode = same ? 0 : 1
END
node demo.mjs
