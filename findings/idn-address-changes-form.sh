#!/bin/sh
# nodemailer 10.6.0, smtp-server 3.21.6, mailparser 3.14.2: an address with an umlaut in its domain has two forms.
#
# Expected  What nodemailer reports as `envelope.to` is what an SMTP server written with smtp-server sees as recipient,
#           and what mailparser reads in `To`: the strings may be compared.
# Does      nodemailer sends the A-label of the domain (RFC 5890) in envelope and header, and no SMTPUTF8. smtp-server
#           and mailparser turn it back into letters: neither application sees the form that went over the line. In a
#           delivery report, which is plain text to mailparser, the A-label stays: `Final-Recipient` does not equal the
#           address of the e-mail it speaks of.
# Source    The packages: smtp-server and mailparser run `toUnicode` over each domain, nodemailer `toASCII`.
# Remedy    Bring both sides to A-labels (`url.domainToASCII`) before comparing.
# Seen      nodemailer, envelope  max@xn--mller-kva.example
#           smtp-server           max@müller.example
#           header on the line    max@xn--mller-kva.example
#           mailparser, To        max@müller.example
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' >package.json
npm install --loglevel=error --no-audit --no-fund --ignore-scripts \
  nodemailer@10.6.0 smtp-server@3.21.6 mailparser@3.14.2 >/dev/null
cat >demo.mjs <<'END'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { simpleParser } from 'mailparser'
import nodemailer from 'nodemailer'
import { SMTPServer } from 'smtp-server'

const arrived = {}
const server = new SMTPServer({
  authOptional: true,
  disabledCommands: ['STARTTLS'],
  onData: async (stream, session, done) => {
    arrived.recipient = session.envelope.rcptTo[0].address
    arrived.mail = await text(stream)
    done()
  },
})
server.listen(0, '127.0.0.1')
await once(server.server, 'listening')
const transport = nodemailer.createTransport({ host: '127.0.0.1', port: server.server.address().port, ignoreTLS: true })
const sent = await transport.sendMail({ from: 'info@example.org', to: 'max@müller.example', text: 'Guten Tag' })
server.close()

const seen = {
  'nodemailer, envelope': sent.envelope.to[0],
  'smtp-server': arrived.recipient,
  'header on the line': /^To: (.*)\r?$/m.exec(arrived.mail)[1].trim(),
  'mailparser, To': (await simpleParser(arrived.mail)).to.value[0].address,
}
for (const [where, address] of Object.entries(seen)) console.log(`${where.padEnd(20)}  ${address}`)
const [ascii, letters] = ['max@xn--mller-kva.example', 'max@müller.example']
const same = Object.values(seen).join() === [ascii, letters, ascii, letters].join()
console.log(same ? 'as described' : 'CHANGED: the packages agree on another form')
process.exitCode = same ? 0 : 1
END
node demo.mjs
