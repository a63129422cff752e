import { isIP } from 'node:net'
import smpp, { type Pdu, type Session } from 'smpp'

/** One gateway that speaks SMPP 3.4. Times in milliseconds. */
export type SmppSettings = {
  host: string
  port: number
  /** TLS with the system's authorities, or with `ca` (PEM) instead. */
  tls: { ca?: string } | undefined
  systemId: string
  password: string
  systemType: string
  /** Submissions under way at once. */
  window: number
  /** From a submission to its answer, and the same for connecting and binding. */
  timeout: number
  /** Silence after which the link is asked whether it lives. */
  enquireLink: number
  /** `command_status` values by which this gateway refuses a number, beside ESME_RINVDSTADR. */
  numberRefused: readonly number[]
}

/** A bound session. `closed` resolves when it has ended, whoever ended it. */
export type BoundSession = { session: Session; closed: Promise<void>; unbind(): Promise<void> }

/** A fault of the connection; `code` is safe to log. */
export class SmppFault extends Error {
  readonly code: string
  constructor(code: string) {
    super(`SMPP: ${code}`)
    this.code = code
  }
}

/** Milliseconds for the answer to our unbind when we close. */
const unbindTimeout = 1000

/**
 * Connects and binds as transceiver (SMPP 3.4, 4.1.5), keeps the link alive, and answers what the other side asks.
 * @throws SmppFault when connecting or binding fails or takes longer than the timeout
 */
export async function bind(settings: SmppSettings, delivered: (pdu: Pdu) => Promise<number>): Promise<BoundSession> {
  const { host, port, tls } = settings
  const servername = tls && !isIP(host) ? host : undefined
  const session = smpp.connect({ host, port, tls: tls !== undefined, servername, ca: tls?.ca })
  // A broken PDU or socket: `close` follows, and everything under way learns it there.
  session.on('error', () => session.destroy())
  const closed = new Promise<void>((resolve) => session.on('close', () => resolve()))
  const timer = setTimeout(() => session.destroy(), settings.timeout)
  try {
    await opened(session, tls !== undefined, closed)
    await bound(session, settings, closed)
  } catch (error) {
    session.destroy()
    throw error
  } finally {
    clearTimeout(timer)
  }
  answerRequests(session, delivered)
  keepAlive(session, settings, closed)
  return { session, closed, unbind: () => unbind(session, closed) }
}

function opened(session: Session, tls: boolean, closed: Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    session.once(tls ? 'secureConnect' : 'connect', () => resolve())
    session.once('error', (error: Error & { code?: string }) => reject(new SmppFault(error.code ?? 'CONNECTION')))
    closed.then(() => reject(new SmppFault('CONNECT_TIMEOUT')))
  })
}

function bound(session: Session, settings: SmppSettings, closed: Promise<void>): Promise<void> {
  const { systemId, password, systemType } = settings
  const parameters = { system_id: systemId, password, system_type: systemType, interface_version: 0x34 }
  return new Promise((resolve, reject) => {
    closed.then(() => reject(new SmppFault('BIND_CLOSED')))
    session.bind_transceiver(parameters, ({ command_status: status }) =>
      status === 0 ? resolve() : reject(new SmppFault(`BIND_${statusCode(status)}`)),
    )
  })
}

function answerRequests(session: Session, delivered: (pdu: Pdu) => Promise<number>): void {
  session.on('pdu', (pdu: Pdu) => {
    if (pdu.command === 'deliver_sm' || pdu.command === 'data_sm')
      return void delivered(pdu).then((status) => session.send(pdu.response({ command_status: status })))
    // What needs no answer (outbind, alert_notification) has none in the package, which would throw.
    if (!['enquire_link', 'unbind', 'unknown'].includes(pdu.command)) return
    session.send(pdu.response())
    if (pdu.command === 'unbind') session.close()
  })
}

/** Asks the link after a time of silence; no answer within the timeout ends it (SMPP 3.4, 7.2, enquire_link_timer). */
function keepAlive(session: Session, { enquireLink, timeout }: SmppSettings, closed: Promise<void>): void {
  let ask: NodeJS.Timeout
  let giveUp: NodeJS.Timeout | undefined
  const heard = () => {
    clearTimeout(giveUp)
    giveUp = undefined
    ask.refresh()
  }
  ask = setTimeout(() => {
    giveUp = setTimeout(() => session.destroy(), timeout)
    session.enquire_link({})
  }, enquireLink)
  session.on('pdu', heard)
  closed.then(() => {
    clearTimeout(ask)
    clearTimeout(giveUp)
  })
}

async function unbind(session: Session, closed: Promise<void>): Promise<void> {
  const timer = setTimeout(() => session.destroy(), unbindTimeout)
  session.unbind({}, () => session.close())
  await closed
  clearTimeout(timer)
}

/** Writes a `command_status` as SMPP documents do: `0x00000058`. */
export const statusCode = (status: number) => `0x${status.toString(16).padStart(8, '0').toUpperCase()}`
