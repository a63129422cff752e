import { isIP } from 'node:net'
import type { Pdu, Session } from 'smpp'
import type { SmppAlphabet } from '../driver.ts'
import { smpp } from './smpp-package.ts'

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
  /** The centre's own alphabet (`data_coding` 0; SMPP 3.4, 5.2.19, leaves it to the centre). */
  alphabet: SmppAlphabet
}

/** A bound session. `closed` resolves when it has ended, whoever ended it, with a code of the cause. */
export type BoundSession = { session: Session; closed: Promise<string>; unbind(): Promise<void> }

/** A fault of the connection; `code` is safe to log. */
export class SmppFault extends Error {
  readonly code: string
  constructor(code: string) {
    super(`SMPP: ${code}`)
    this.code = code
  }
}

/** Milliseconds for the answer to our unbind when we close, and for the end of the connection after an unbind of the centre. */
const unbindTimeout = 1000

/**
 * Connects and binds as transceiver (SMPP 3.4, 4.1.5), keeps the link alive, and answers what the other side asks.
 * @throws SmppFault when connecting or binding fails or takes longer than the timeout
 */
export async function bind(settings: SmppSettings, delivered: (pdu: Pdu) => Promise<number>): Promise<BoundSession> {
  const { host, port, tls } = settings
  const servername = tls && !isIP(host) ? host : undefined
  const session = smpp.connect({ host, port, tls: tls !== undefined, servername, ca: tls?.ca })
  const ended = { cause: 'CLOSED' }
  // A broken PDU or socket: `close` follows, and everything under way learns it there.
  session.on('error', (error: Error & { code?: string }) => {
    ended.cause = error.code ?? 'PROTOCOL'
    session.destroy()
  })
  const closed = new Promise<string>((resolve) => session.on('close', () => resolve(ended.cause)))
  // Before the bind is answered: a centre that kept receipts sends them with its answer, in one segment.
  answerRequests(session, delivered)
  let late = false
  const timer = setTimeout(() => {
    late = true
    session.destroy()
  }, settings.timeout)
  try {
    await opened(session, tls !== undefined, closed)
    await bound(session, settings, closed)
  } catch (error) {
    session.destroy()
    throw late ? new SmppFault('TIMEOUT') : error
  } finally {
    clearTimeout(timer)
  }
  keepAlive(session, settings, closed, () => {
    ended.cause = 'ENQUIRE_LINK'
  })
  return { session, closed, unbind: () => unbind(session, closed) }
}

function opened(session: Session, tls: boolean, closed: Promise<unknown>): Promise<void> {
  return new Promise((resolve, reject) => {
    session.once(tls ? 'secureConnect' : 'connect', () => resolve())
    session.once('error', (error: Error & { code?: string }) => reject(new SmppFault(error.code ?? 'CONNECTION')))
    closed.then(() => reject(new SmppFault('CONNECT_CLOSED')))
  })
}

function bound(session: Session, settings: SmppSettings, closed: Promise<unknown>): Promise<void> {
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
    if (pdu.command !== 'unbind') return
    session.close()
    // A centre that keeps its half open would keep us from binding again.
    setTimeout(() => session.destroy(), unbindTimeout).unref()
  })
}

/** Asks the link after a time of silence; no answer within the timeout ends it (SMPP 3.4, 7.2, enquire_link_timer). */
function keepAlive(
  session: Session,
  { enquireLink, timeout }: SmppSettings,
  closed: Promise<unknown>,
  unanswered: () => void,
): void {
  let ask: NodeJS.Timeout
  let giveUp: NodeJS.Timeout | undefined
  const heard = () => {
    clearTimeout(giveUp)
    giveUp = undefined
    ask.refresh()
  }
  ask = setTimeout(() => {
    giveUp = setTimeout(() => {
      unanswered()
      session.destroy()
    }, timeout)
    session.enquire_link({})
  }, enquireLink)
  session.on('pdu', heard)
  closed.then(() => {
    clearTimeout(ask)
    clearTimeout(giveUp)
  })
}

async function unbind(session: Session, closed: Promise<unknown>): Promise<void> {
  const timer = setTimeout(() => session.destroy(), unbindTimeout)
  session.unbind({}, () => session.close())
  await closed
  clearTimeout(timer)
}

/** Writes a `command_status` as SMPP documents do: `0x00000058`. */
export const statusCode = (status: number) => `0x${status.toString(16).padStart(8, '0').toUpperCase()}`

/** Why a gateway is not bound, for metrics: `credentials` need an operator, the others mostly end by themselves. */
export const awayCauses = ['lost', 'connection', 'timeout', 'bind', 'credentials'] as const
export type AwayCause = (typeof awayCauses)[number]

/** Refused name or password: ESME_RBINDFAIL, ESME_RINVPASWD, ESME_RINVSYSID (SMPP 3.4, 5.1.3). */
const credentialStatus = [0x0d, 0x0e, 0x0f].map((status) => `BIND_${statusCode(status)}`)

/** Tells the cause behind the code of a connection that could not be made. */
export function causeOf(code: string): AwayCause {
  if (credentialStatus.includes(code)) return 'credentials'
  if (code === 'TIMEOUT') return 'timeout'
  return code.startsWith('BIND_') ? 'bind' : 'connection'
}
