#!/bin/sh
# smpp 0.5.1: whoever waits for an answer waits for ever when the connection ends.
#
# Expected  The callback of `submit_sm` is called once: with the answer, or with an error when the connection closes
#           first. A promise around it settles.
# Does      It is called with an answer or never. The session emits `close`; the callbacks that wait are kept and
#           dropped with it, and a later `submit_sm` on the closed session returns false and calls nothing either. An
#           SMS that the centre may have taken leaves no trace with the caller.
# Source    lib/smpp.js of the package: `_callbacks` is emptied by an answer and by `connect()`, nothing walks it on
#           `close`.
# Remedy    Keep what waits in a list of your own, settle it on `close`, and look at what the call returns.
# Seen      session closed, callback of the message under way: not called
#           next message on the closed session: returned false, callback not called
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' >package.json
npm install --loglevel=error --no-audit --no-fund --ignore-scripts \
  smpp@0.5.1 >/dev/null
cat >demo.mjs <<'END'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import smpp from 'smpp'

const centre = smpp.createServer((session) => {
  session.on('bind_transceiver', (pdu) => session.send(pdu.response()))
  // A centre that is restarted: it ends the connection in good order, with no answer.
  session.on('submit_sm', () => session.close())
})
centre.listen(0, '127.0.0.1')
await once(centre, 'listening')

const session = smpp.connect({ host: '127.0.0.1', port: centre.address().port })
await new Promise((bound) => session.bind_transceiver({ system_id: 'a', password: 'b' }, bound))
const called = { underWay: false, afterwards: false }
const text = { destination_addr: '4915112345678', short_message: 'Guten Tag' }
session.submit_sm(text, () => (called.underWay = true))
await once(session, 'close')
const returned = session.submit_sm(text, () => (called.afterwards = true))
await pause(1000)
centre.close()

const word = (was) => (was ? 'called' : 'not called')
console.log(`session closed, callback of the message under way: ${word(called.underWay)}`)
console.log(`next message on the closed session: returned ${returned}, callback ${word(called.afterwards)}`)
const same = !called.underWay && !called.afterwards && returned === false
console.log(same ? 'as described' : 'CHANGED: a caller is told that no answer will come')
process.exitCode = same ? 0 : 1
END
node demo.mjs
