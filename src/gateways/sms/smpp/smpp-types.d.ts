/** The parts of the package `smpp` that are used; it ships no types. */
declare module 'smpp' {
  import type { EventEmitter } from 'node:events'
  import type { Server as NetServer, Socket } from 'node:net'
  import type { ConnectionOptions } from 'node:tls'

  /** A protocol data unit; mandatory and optional parameters stand beside the header (SMPP 3.4, 4). */
  export type Pdu = {
    command: string
    command_id: number
    command_status: number
    sequence_number: number
    response(options?: Record<string, unknown>): Pdu
    isResponse(): boolean
    [parameter: string | symbol]: unknown
  }

  type Command = (options: Record<string, unknown>, answered?: (pdu: Pdu) => void) => boolean

  export class Session extends EventEmitter {
    socket: Socket
    bind_transceiver: Command
    submit_sm: Command
    deliver_sm: Command
    enquire_link: Command
    unbind: Command
    send(pdu: Pdu): boolean
    close(callback?: () => void): void
    destroy(callback?: () => void): void
  }

  type PduClass = {
    new (octets: Buffer): Pdu
    new (command: string, options: Record<string, unknown>): Pdu
    /** Takes the rest of a PDU of `length` octets from a stream, `false` while it is not whole. @throws on what it cannot read */
    fromStream(stream: Socket, length: number): Pdu | false
  }

  export class Server extends NetServer {
    sessions: Session[]
  }

  /** How the octets of a text parameter are read and written. */
  type Encoding = { encode(text: string): Buffer; decode(octets: Uint8Array): string }

  const smpp: {
    PDU: PduClass
    /** Says how an optional parameter is read and written. */
    addTLV(tag: string, options: { id: number; type: unknown }): void
    types: { tlv: { string: unknown } }
    /** `ASCII` is what the package calls the GSM alphabet; `default` names the one of `data_coding` 0. */
    encodings: { ASCII: Encoding; default: string }
    connect(options: ConnectionOptions & { host: string; port: number; tls?: boolean }): Session
    createServer(
      options: { key?: string | Buffer; cert?: string | Buffer; allowHalfOpen?: boolean },
      listener: (session: Session) => void,
    ): Server
  }
  export default smpp
}
