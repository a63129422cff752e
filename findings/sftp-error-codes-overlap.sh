#!/bin/sh
# ssh2-sftp-client 12.1.1 on ssh2 1.17.0: the code of an error has three meanings.
#
# Expected  `code` of an error tells what to do: a word of Node for the network, the status of SFTP for files, one kind
#           for one cause.
# Does      The same missing file is `ENOENT` from `stat` and the number 2 from `list` and `delete`. And the number is
#           of either of two tables: when the server ends the connection (SSH_MSG_DISCONNECT), `code` is the reason of
#           RFC 4253, 11.1, where 2 is "protocol error" and 3 "key exchange failed". An upload during which the keys
#           could not be renewed fails with 3, as one without permission does: the one should be tried again, the other
#           must not.
# Source    ssh2, lib/client.js: `DISCONNECT` puts the reason into `err.code`; the SFTP status is put there in
#           lib/protocol/SFTP.js. ssh2-sftp-client, src/index.js, translates status 2 in `stat` only.
# Remedy    What the client emits as `error` is of the connection: note it in a listener, and read numbers as status
#           only without it.
# Seen      stat, no such file          ENOENT
#           list, no such file          2
#           put, permission denied      3
#           put, server disconnects     3
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' >package.json
npm install --loglevel=error --no-audit --no-fund --ignore-scripts \
  ssh2@1.17.0 ssh2-sftp-client@12.1.1 >/dev/null
cat >demo.mjs <<'END'
import { once } from 'node:events'
import ssh2 from 'ssh2'
import SftpClient from 'ssh2-sftp-client'

const { NO_SUCH_FILE, PERMISSION_DENIED } = ssh2.utils.sftp.STATUS_CODE
const keyExchangeFailed = 3 // RFC 4253, 11.1

const server = new ssh2.Server({ hostKeys: [ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256 }).private] }, (connection) => {
  connection.on('error', () => {})
  connection.on('authentication', (attempt) => attempt.accept())
  connection.on('session', (accept) => {
    accept().on('sftp', (open) => {
      const sftp = open()
      const isMissing = (id) => sftp.status(id, NO_SUCH_FILE)
      sftp.on('STAT', isMissing).on('LSTAT', isMissing).on('OPENDIR', isMissing)
      sftp.on('REALPATH', (id, filename) => sftp.name(id, [{ filename, longname: filename, attrs: {} }]))
      sftp.on('OPEN', (id, name) => {
        // As a server does when new keys cannot be agreed on; ssh2 has no public call for it.
        if (name.endsWith('cut')) return connection._protocol.disconnect(keyExchangeFailed)
        sftp.status(id, PERMISSION_DENIED)
      })
    })
  })
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')

async function codeOf(work) {
  const sftp = new SftpClient()
  sftp.on('error', () => {})
  await sftp.connect({ host: '127.0.0.1', port: server.address().port, username: 'a', password: 'b' })
  const code = await work(sftp).then(
    () => 'none',
    (fault) => fault.code,
  )
  await sftp.end().catch(() => {})
  return code
}
const seen = {
  'stat, no such file': await codeOf((sftp) => sftp.stat('missing')),
  'list, no such file': await codeOf((sftp) => sftp.list('missing')),
  'put, permission denied': await codeOf((sftp) => sftp.put(Buffer.from('x'), 'forbidden')),
  'put, server disconnects': await codeOf((sftp) => sftp.put(Buffer.from('x'), 'cut')),
}
server.close()
for (const [what, code] of Object.entries(seen)) console.log(`${what.padEnd(26)}  ${code}`)
const same = JSON.stringify(Object.values(seen)) === '["ENOENT",2,3,3]'
console.log(same ? 'as described' : 'CHANGED: the codes tell more, or other things')
process.exitCode = same ? 0 : 1
END
node demo.mjs
