#!/bin/sh
# mailparser 3.14.2: a date with an alphabetic time zone becomes the moment of reading.
#
# Expected  RFC 5322, 4.3 has zones like `CET` in its obsolete syntax, which must be accepted, and reads them as
#           `-0000`: the date is 07:25 UTC. Failing that, `date` is missing and the caller sees that he knows nothing.
# Does      `date` is the current time, in `headers` as well. A report of last year looks as if it were of this second,
#           and nothing tells the two apart but the raw header line.
# Source    mail-parser.js of the package: a value that `new Date(value)` cannot read is replaced by `new Date()`.
# Remedy    Take the date from `headerLines`, or from `Received`, where age matters.
# Seen      Sat, 28 Nov 2020 07:25:00 +0000  ->  2020-11-28T07:25:00.000Z
#           Sat, 28 Nov 2020 07:25:00 CET    ->  the moment of reading
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' >package.json
npm install --loglevel=error --no-audit --no-fund --ignore-scripts \
  mailparser@3.14.2 >/dev/null
cat >demo.mjs <<'END'
import { simpleParser } from 'mailparser'

const seen = []
for (const date of ['Sat, 28 Nov 2020 07:25:00 +0000', 'Sat, 28 Nov 2020 07:25:00 CET']) {
  const before = Date.now()
  const parsed = await simpleParser(`Date: ${date}\r\nFrom: max@example.org\r\n\r\nGuten Tag\r\n`)
  const isNow = parsed.date >= before && parsed.date <= Date.now()
  const read = isNow ? 'the moment of reading' : parsed.date?.toISOString()
  console.log(`${date.padEnd(31)}  ->  ${read}`)
  seen.push(read)
}
const same = seen.join() === '2020-11-28T07:25:00.000Z,the moment of reading'
console.log(same ? 'as described' : 'CHANGED: an alphabetic zone is read otherwise')
process.exitCode = same ? 0 : 1
END
node demo.mjs
