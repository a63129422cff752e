#!/bin/sh
# nodemailer 10.6.0: `dsn.recipient` is not who gets the report, and one value is said of every recipient.
#
# Expected  `dsn: { notify: 'failure', recipient: 'bounces@…' }` has reports sent to that mailbox, as the examples of
#           the documentation have it (they name the sender there).
# Does      Reports go to the sender of the envelope, always (RFC 3461, 6.1). The value becomes ORCPT (4.2), the
#           original recipient, of each RCPT command: with two recipients and our mailbox for bounces both are announced
#           as that mailbox. A report carries it back as Original-Recipient (RFC 3464, 2.3.1), and whoever prefers that
#           field marks his own mailbox as dead. Without the option no ORCPT is sent, though it was known.
# Source    nodemailer.com/smtp/dsn; the package, smtp-connection: `ORCPT` of `envelope.dsn`.
# Remedy    Set the sender of the envelope, and leave `recipient` out, or send to one recipient and name that one.
# Seen      MAIL FROM info@example.org
#           RCPT TO   erika@example.org ORCPT=rfc822;bounces@example.org
#           RCPT TO   max@example.org ORCPT=rfc822;bounces@example.org
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' >package.json
npm install --loglevel=error --no-audit --no-fund --ignore-scripts \
  nodemailer@10.6.0 smtp-server@3.21.6 >/dev/null
cat >demo.mjs <<'END'
import { once } from 'node:events'
import nodemailer from 'nodemailer'
import { SMTPServer } from 'smtp-server'

let envelope
const server = new SMTPServer({
  authOptional: true,
  disabledCommands: ['STARTTLS'],
  hideDSN: false,
  onData: (stream, session, done) => {
    envelope = session.envelope
    stream.resume().on('end', done)
  },
})
server.listen(0, '127.0.0.1')
await once(server.server, 'listening')
await nodemailer
  .createTransport({ host: '127.0.0.1', port: server.server.address().port, ignoreTLS: true })
  .sendMail({
    from: 'info@example.org',
    to: ['erika@example.org', 'max@example.org'],
    text: 'Guten Tag',
    dsn: { notify: 'failure', recipient: 'bounces@example.org' },
  })
server.close()

const seen = envelope.rcptTo.map(({ address, args }) => `${address} ORCPT=${args.ORCPT}`)
console.log([`MAIL FROM ${envelope.mailFrom.address}`, ...seen.map((one) => `RCPT TO   ${one}`)].join('\n'))
const described = ['erika', 'max'].map((name) => `${name}@example.org ORCPT=rfc822;bounces@example.org`)
const same = envelope.mailFrom.address === 'info@example.org' && seen.join() === described.join()
console.log(same ? 'as described' : 'CHANGED: the option means something else')
process.exitCode = same ? 0 : 1
END
node demo.mjs
