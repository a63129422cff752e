#!/bin/sh
# smpp 0.5.1: `data_coding` 1 is read, and sent, as GSM 03.38.
#
# Expected  data_coding 1 is IA5, that is ASCII (SMPP 3.4, 5.2.19). A delivery receipt that a centre writes in ASCII
#           arrives letter for letter, and a text sent without naming a coding is marked 0, the centre's default
#           alphabet, which mostly is GSM 03.38.
# Does      The table behind 1 is that of GSM 03.38, both ways. In a receipt `_`, `@` and `$` of a message id become
#           other letters, so that the message is not found. A text of the caller that fits GSM 03.38 leaves with its
#           octets and the mark 1: a centre that keeps to the specification reads `@` as NUL and `ü` as `~`.
# Source    lib/defs.js of the package: the coding named ASCII holds the GSM alphabet, and `consts.ENCODING.ASCII` is 1.
# Remedy    Set data_coding 0 for GSM texts; read receipts with coding 1 by their octets.
# Seen      received  id:A_7@b$ stat:DELIVRD  ->  id:A§7¡b¤ stat:DELIVRD
#           sent      data_coding 1, octets 47727e1e6500
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' >package.json
npm install --loglevel=error --no-audit --no-fund --ignore-scripts \
  smpp@0.5.1 >/dev/null
cat >demo.mjs <<'END'
import smpp from 'smpp'

// As a centre writes it: ASCII octets, marked as IA5.
const written = 'id:A_7@b$ stat:DELIVRD'
const short_message = Buffer.from(written, 'ascii')
const receipt = new smpp.PDU('deliver_sm', { esm_class: 4, data_coding: 1, short_message })
const read = smpp.PDU.fromBuffer(receipt.toBuffer()).short_message.message
console.log(`received  ${written}  ->  ${read}`)

const sent = new smpp.PDU('submit_sm', { destination_addr: '4915112345678', short_message: 'Grüße@' })
const octets = sent.toBuffer().subarray(-6).toString('hex')
console.log(`sent      data_coding ${sent.data_coding}, octets ${octets}`)

const same = read === 'id:A§7¡b¤ stat:DELIVRD' && sent.data_coding === 1 && octets === '47727e1e6500'
console.log(same ? 'as described' : 'CHANGED: data_coding 1 is no longer GSM 03.38 in both directions')
process.exitCode = same ? 0 : 1
END
node demo.mjs
