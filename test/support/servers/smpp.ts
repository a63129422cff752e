import type { AddressInfo } from 'node:net'
import smpp, { type Pdu, type Session } from 'smpp'

/** How the centre answers `submit_sm`: a `command_status` (0 accepts) after `delay` ms, not at all, or by breaking the connection. */
export type SmppBehaviour = { status: number; delay?: number } | 'hang' | 'drop'

/** One message as it came over the wire; `octets` are those of `short_message`, one septet each. */
export type SmppMessage = { id: string; parameters: Pdu; octets: Buffer }

export type SmppServer = Awaited<ReturnType<typeof startSmppServer>>

/** `allowHalfOpen`: does not end its side when the other one has. */
type Options = { password?: string; tls?: { key: string; cert: string }; port?: number; allowHalfOpen?: boolean }

/** Starts a message centre that speaks SMPP 3.4, on loopback; `behave` changes what it does from now on. */
export async function startSmppServer({ password = 'secret', tls, port = 0, allowHalfOpen = false }: Options = {}) {
  const messages: SmppMessage[] = []
  const binds: Pdu[] = []
  const received: Pdu[] = []
  const sessions = new Set<Session>()
  const state = {
    behaviour: { status: 0 } as SmppBehaviour,
    deaf: false,
    underWay: 0,
    mostUnderWay: 0,
    kept: [] as Pdu[],
  }
  const server = smpp.createServer({ allowHalfOpen, ...tls }, (session) => {
    sessions.add(session)
    const lastRead = tap(session)
    session.on('error', () => session.destroy())
    session.on('close', () => sessions.delete(session))
    session.on('pdu', (pdu: Pdu) => {
      received.push(pdu)
      if (state.deaf || pdu.isResponse()) return
      if (pdu.command === 'bind_transceiver') {
        binds.push(pdu)
        // In one segment with what was kept for whoever binds.
        session.socket.cork()
        // ESME_RBINDFAIL
        session.send(pdu.response({ command_status: pdu.password === password ? 0 : 0x0d }))
        for (const kept of state.kept) session.send(kept)
        return session.socket.uncork()
      }
      if (pdu.command === 'submit_sm') return take(session, pdu, lastRead())
      session.send(pdu.response())
      if (pdu.command === 'unbind') session.close()
    })
  })
  function take(session: Session, pdu: Pdu, raw: Buffer) {
    const id = `M${messages.length + 1}`
    messages.push({ id, parameters: pdu, octets: shortMessageOf(raw) })
    state.underWay += 1
    state.mostUnderWay = Math.max(state.mostUnderWay, state.underWay)
    const { behaviour } = state
    if (behaviour === 'drop') session.destroy()
    if (behaviour === 'hang' || behaviour === 'drop') {
      state.underWay -= 1
      return
    }
    setTimeout(() => {
      state.underWay -= 1
      session.send(pdu.response(behaviour.status === 0 ? { message_id: id } : { command_status: behaviour.status }))
    }, behaviour.delay ?? 0)
  }
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    messages,
    binds,
    received,
    state,
    behave(next: SmppBehaviour) {
      state.behaviour = next
    },
    /** Sends a receipt to the first bound session and gives the `command_status` of its answer. */
    receipt(id: string, stat: string, optional: Record<string, unknown> = {}): Promise<number> {
      const [session] = sessions
      const short_message = `id:${id} sub:001 dlvrd:001 submit date:2611250900 done date:2611250901 stat:${stat} err:012 text:`
      return this.deliver({ esm_class: 0x04, short_message, ...optional }, session)
    },
    deliver(parameters: Record<string, unknown>, session = [...sessions][0]): Promise<number> {
      return new Promise((resolve, reject) => {
        const defaults = { source_addr: '4915112345671', destination_addr: 'MeineAOK', data_coding: 0 }
        if (!session?.deliver_sm({ ...defaults, ...parameters }, (pdu) => resolve(pdu.command_status)))
          reject(new Error('nobody is bound'))
      })
    },
    /** Sends octets to the first bound session as they are. */
    sendOctets(octets: Buffer) {
      const [session] = sessions
      session?.socket.write(octets)
    },
    sessions,
    breakConnections() {
      for (const session of sessions) session.destroy()
    },
    async close() {
      this.breakConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Remembers what was read last from the connection: the package decodes the text with the tables that encoded it. */
function tap(session: Session): () => Buffer {
  const { socket } = session
  const read = socket.read.bind(socket)
  let last: Buffer = Buffer.alloc(0)
  socket.read = (size) => {
    const given = read(size)
    if (given) last = given
    return given
  }
  return () => last
}

/** The octets of `short_message` in the bytes of a `submit_sm` after its length (SMPP 3.4, 4.4.1). */
function shortMessageOf(pdu: Buffer): Buffer {
  let offset = 12
  const text = () => {
    offset = pdu.indexOf(0, offset) + 1
  }
  text() // service_type
  offset += 2
  text() // source_addr
  offset += 2
  text() // destination_addr
  offset += 3
  text() // schedule_delivery_time
  text() // validity_period
  offset += 4
  return pdu.subarray(offset + 1, offset + 1 + (pdu[offset] ?? 0))
}
