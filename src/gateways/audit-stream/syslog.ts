import { once } from 'node:events'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { ReceiverAnswer, ReceiverSettings, StreamedEvent, TlsFiles } from './stream.ts'
import { syslogFrame } from './syslog-frame.ts'

/**
 * Sends events over syslog, each delivery on a connection of its own. Syslog answers nothing, so what was written may be lost with the
 * connection: the events count as taken when we have closed our side and the receiver, who has read to the end, closes its own (RFC 5425
 * § 4.4, close_notify).
 */
export const createSyslogReceiver =
  ({ url, hostname, timeout }: ReceiverSettings) =>
  async (events: readonly StreamedEvent[], tls: TlsFiles): Promise<ReceiverAnswer> => {
    const signal = AbortSignal.timeout(timeout)
    const socket = connect(url, tls)
    // A fault that nobody waits for is followed by a close.
    socket.on('error', () => {})
    try {
      await once(socket, url.protocol === 'syslog+tls:' ? 'secureConnect' : 'connect', { signal })
      const closed = closedInTurn(socket, signal)
      socket.end(events.map((event) => syslogFrame(event, hostname)).join(''))
      return await closed
    } finally {
      socket.destroy()
    }
  }

/** `taken` when the receiver closes after us. @throws Error of the connection, or when time is over */
const closedInTurn = (socket: Socket, signal: AbortSignal) =>
  new Promise<ReceiverAnswer>((resolve, reject) => {
    socket.once('end', () => resolve(socket.writableFinished ? 'taken' : { fault: 'closed_early' }))
    socket.once('error', reject)
    socket.once('close', () => resolve({ fault: 'closed_early' }))
    signal.addEventListener('abort', () => reject(signal.reason))
    socket.resume()
  })

function connect(url: URL, tls: TlsFiles): Socket {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (url.protocol === 'syslog+tls:') return connectTls({ ...tls, host, port: Number(url.port || 6514) })
  return connectTcp({ host, port: Number(url.port || 601) })
}
