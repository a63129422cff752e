#!/bin/sh
# nodemailer 10.6.0: a date that went through a queue as JSON is sent as no date.
#
# Expected  `date` takes what `new Date` takes: an e-mail that was queued as JSON, where a Date becomes an ISO string,
#           leaves with the same header as one that was not.
# Does      Only a Date is written as RFC 5322, 3.3 has it; a string goes into the header as it is. `Date:
#           2026-11-28T08:00:00.000Z` breaks the grammar, and filters count it as a mark of spam. Reading the e-mail
#           back with mailparser shows nothing: it reads the ISO form as well.
# Source    The package, mime-node: `Date` is only set when it is missing, strings are taken over.
# Remedy    `date: new Date(job.date)`.
# Seen      as Date  Sat, 28 Nov 2026 08:00:00 +0000
#           as JSON  2026-11-28T08:00:00.000Z
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' >package.json
npm install --loglevel=error --no-audit --no-fund --ignore-scripts \
  nodemailer@10.6.0 >/dev/null
cat >demo.mjs <<'END'
import nodemailer from 'nodemailer'

const transport = nodemailer.createTransport({ streamTransport: true, buffer: true })
const mail = {
  from: 'info@example.org',
  to: 'max@example.org',
  text: 'Guten Tag',
  date: new Date('2026-11-28T08:00:00Z'),
}
async function dateOf(one) {
  const { message } = await transport.sendMail(one)
  return /^Date: (.*)$/m.exec(message.toString())[1].trim()
}
const [asDate, asJson] = [await dateOf({ ...mail }), await dateOf(JSON.parse(JSON.stringify(mail)))]
console.log(`as Date  ${asDate}\nas JSON  ${asJson}`)
const same = asDate === 'Sat, 28 Nov 2026 08:00:00 +0000' && asJson === '2026-11-28T08:00:00.000Z'
console.log(same ? 'as described' : 'CHANGED: a date in words is converted or refused')
process.exitCode = same ? 0 : 1
END
node demo.mjs
