#!/bin/sh
# nodemailer 10.6.0: a certificate refused after STARTTLS is an error of the connection, not of TLS.
#
# Expected  The error codes tell what to mend: `ETLS` when encryption fails, `ESOCKET` and `CONN` when no connection
#           comes about. A relay whose certificate is not trusted is `ETLS`, as is one that does not offer STARTTLS.
# Does      Only a missing or refused STARTTLS is `ETLS`. The certificate comes as `code: 'ESOCKET'`, `command: 'CONN'`,
#           word for word what a relay that is switched off gives; the cause stands in `originalCode`. Who retries on
#           `ESOCKET` retries for ever.
# Source    The package: errors of the socket after the upgrade go through the handler of the connection.
# Remedy    Look at `originalCode` before `code`.
# Seen      nobody listens           ESOCKET CONN, originalCode ECONNREFUSED
#           untrusted certificate    ESOCKET CONN, originalCode DEPTH_ZERO_SELF_SIGNED_CERT
#           relay without STARTTLS   ETLS STARTTLS, originalCode undefined
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' >package.json
npm install --loglevel=error --no-audit --no-fund --ignore-scripts \
  nodemailer@10.6.0 smtp-server@3.21.6 node-forge@1.4.3 >/dev/null
cat >demo.mjs <<'END'
import { once } from 'node:events'
import { createServer } from 'node:net'
import forge from 'node-forge'
import nodemailer from 'nodemailer'
import { SMTPServer } from 'smtp-server'

/** A certificate that nobody has signed but itself, as relays inside a house have it. */
function selfSigned() {
  const { privateKey, publicKey } = forge.pki.rsa.generateKeyPair(2048)
  const certificate = forge.pki.createCertificate()
  const name = [{ name: 'commonName', value: '127.0.0.1' }]
  Object.assign(certificate, { publicKey, serialNumber: '01' })
  certificate.validity.notBefore = new Date(Date.now() - 86_400_000)
  certificate.validity.notAfter = new Date(Date.now() + 86_400_000)
  certificate.setSubject(name)
  certificate.setIssuer(name)
  certificate.sign(privateKey, forge.md.sha256.create())
  return { key: forge.pki.privateKeyToPem(privateKey), cert: forge.pki.certificateToPem(certificate) }
}

async function relay(options) {
  const server = new SMTPServer({ authOptional: true, ...options })
  server.on('error', () => {})
  server.listen(0, '127.0.0.1')
  await once(server.server, 'listening')
  return server
}

const send = (port) =>
  nodemailer
    .createTransport({ host: '127.0.0.1', port, requireTLS: true })
    .sendMail({ from: 'info@example.org', to: 'max@example.org', text: 'Guten Tag' })
    .then(() => 'sent', ({ code, command, originalCode }) => `${code} ${command}, originalCode ${originalCode}`)

const free = createServer().listen(0, '127.0.0.1')
await once(free, 'listening')
const nobody = free.address().port
await new Promise((closed) => free.close(closed))
const untrusted = await relay(selfSigned())
const plain = await relay({ disabledCommands: ['STARTTLS'] })
const seen = [await send(nobody), await send(untrusted.server.address().port), await send(plain.server.address().port)]
for (const server of [untrusted, plain]) server.close()
const names = ['nobody listens', 'untrusted certificate', 'relay without STARTTLS']
for (const [at, name] of names.entries()) console.log(`${name.padEnd(23)}  ${seen[at]}`)
const same =
  seen[0].startsWith('ESOCKET CONN, originalCode ECONNREFUSED') &&
  seen[1] === 'ESOCKET CONN, originalCode DEPTH_ZERO_SELF_SIGNED_CERT' &&
  seen[2].startsWith('ETLS')
console.log(same ? 'as described' : 'CHANGED: a refused certificate is told otherwise')
process.exitCode = same ? 0 : 1
END
node demo.mjs
