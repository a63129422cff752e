import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'

/**
 * How the relay behaves: takes e-mails, takes them `delay` milliseconds late, answers the recipient with `recipient`
 * (greylisting 4xx, refusal 5xx) or the content with `content`, breaks the connection within DATA, or says nothing after it.
 */
export type SmtpBehaviour =
  | 'ok'
  | 'drop-in-data'
  | 'hang'
  | { delay: number }
  | { recipient: number; text?: string }
  | { content: number; text?: string }

/** `secure`: whether it came over TLS. */
export type ReceivedEmail = { from: string; to: string; data: string; secure: boolean }

type Settings = {
  /** STARTTLS is offered with it; without, the relay knows no TLS. */
  tls?: { cert: string; key: string }
  /** Whether TLS begins with the connection (`smtps://`). */
  implicit?: boolean
}

export type SmtpRelay = Awaited<ReturnType<typeof startSmtpRelay>>

/** Starts a mail relay that speaks SMTP, on loopback; `behave` changes what it does from now on. */
export async function startSmtpRelay(behaviour: SmtpBehaviour = 'ok', { tls, implicit = false }: Settings = {}) {
  const received: ReceivedEmail[] = []
  let current = behaviour
  let submissions = 0
  const refusal = (code: number, text = 'refused') => Object.assign(new Error(text), { responseCode: code })
  const server = new SMTPServer({
    ...tls,
    secure: implicit,
    authOptional: true,
    disabledCommands: tls ? [] : ['STARTTLS'],
    disableReverseLookup: true,
    closeTimeout: 500,
    onRcptTo(_address, _session, callback) {
      submissions++
      const refuses = typeof current === 'object' && 'recipient' in current ? current : undefined
      callback(refuses ? refusal(refuses.recipient, refuses.text) : null)
    },
    onData(stream, session, callback) {
      const parts: Buffer[] = []
      stream.on('data', (part: Buffer) => parts.push(part))
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope
        if (current === 'hang') return
        if (current === 'drop-in-data') return drop(session.id)
        if (typeof current === 'object' && 'content' in current) {
          return callback(refusal(current.content, current.text))
        }
        received.push({
          from: mailFrom ? mailFrom.address : '',
          to: rcptTo.map(({ address }) => address).join(),
          data: Buffer.concat(parts).toString(),
          secure: session.secure,
        })
        setTimeout(callback, typeof current === 'object' && 'delay' in current ? current.delay : 0)
      })
    },
  })
  const drop = (id: string) => {
    for (const connection of server.connections) if (connection.id === id) connection._socket.destroy()
  }
  server.on('error', () => {})
  const { port } = await new Promise<AddressInfo>((resolve) => {
    const listening = server.listen(0, '127.0.0.1', () => resolve(listening.address() as AddressInfo))
  })
  return {
    url: `${implicit ? 'smtps' : 'smtp'}://127.0.0.1:${port}`,
    port,
    received,
    /** Recipients that were named, whatever became of them. */
    submissions: () => submissions,
    behave(next: SmtpBehaviour) {
      current = next
    },
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  }
}
