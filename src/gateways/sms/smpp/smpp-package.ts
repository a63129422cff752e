import smpp, { type Pdu } from 'smpp'

/** Marks a PDU of which only the header could be read; the package is one for the process, however often this file is loaded. */
export const unreadable = Symbol.for('smpp.unreadable')

// The package reads a C string to its NUL, wherever that comes; centres leave it out, and the length of the parameter counts (SMPP 3.4, 5.3.1).
smpp.addTLV('receipted_message_id', { id: 0x001e, type: smpp.types.tlv.string })
// Text in the centre's own alphabet stays the octets it is; the package would read it as GSM 03.38, in which `_`, `@` and `$` of an ASCII
// receipt are other letters.
smpp.encodings.default = 'LATIN1'
// What the package throws on ends the session: a centre would bring the same PDU again after the next bind, and nothing could be sent any
// more. One optional parameter that is shorter than its type is enough.
smpp.PDU.fromStream = (stream, length) => {
  if (length < headerLength) throw new RangeError('a PDU is shorter than its header')
  const rest: Buffer | null = stream.read(length - 4)
  return rest !== null && readPdu(rest, length)
}

/** Octets of command_length, command_id, command_status and sequence_number (SMPP 3.4, 3.2). */
const headerLength = 16

function readPdu(rest: Buffer, length: number): Pdu {
  const withLength = (octets: Buffer, total: number) => {
    const begin = Buffer.alloc(4)
    begin.writeUInt32BE(total)
    return Buffer.concat([begin, octets])
  }
  try {
    return new smpp.PDU(withLength(rest, length))
  } catch {
    const pdu = new smpp.PDU(withLength(rest.subarray(0, headerLength - 4), headerLength))
    pdu[unreadable] = true
    return pdu
  }
}

export { smpp }
