import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { errorCodes, StartUpError } from '../errors.ts'
import { defaultRequestLimits, guardRequest, type RequestLimits, refuse } from '../http/middleware/request-guard.ts'
import { securityHeaders } from '../http/middleware/security-headers.ts'
import { type PlainAnswer, readsJson } from '../http/plain-answer.ts'
import { createParserFaults } from './parser-faults.ts'

/** A bound port that answers 503 until its handler is there; `/health/live` is 200 from the start. */
export type Listener = {
  port: number
  handle(handler: RequestListener): void
  /** Asks clients to close their connections after the next answer: the end is near. */
  announceEnd(): void
  /** Stops accepting and lets requests under way end, for at most `milliseconds`. */
  close(milliseconds?: number): Promise<void>
}

/**
 * Milliseconds that a connection may idle: longer than proxies keep theirs (nginx 60 s, Caddy 120 s), so that none sends a form on a
 * connection that is just being closed here.
 */
const keepAlive = 125_000

/** How requests are looked at before the handler sees them, and answered when there is none. */
type Guarding = { limits: RequestLimits; plain: PlainAnswer }

/** Twice what the guard lets through: what lies between is refused with all that is known of the request. */
const parserRoom = 2

/** Whether it is https is known to the application alone. */
const headers = securityHeaders({ secure: false })

/** The answer of a port that only machines ask. */
export const answerJson: PlainAnswer = (response, code, { retryAfter } = {}) => {
  response.writeHead(errorCodes[code].status, {
    ...headers,
    'Content-Type': 'application/json; charset=utf-8',
    ...(retryAfter && { 'Retry-After': String(retryAfter) }),
  })
  response.end(JSON.stringify({ error: code }))
}

/**
 * Binds the port before anything else starts: port 0 becomes the issuer's port, and a port in use is told at once.
 * Every request passes the guard first; what node's parser refuses gets an answer of ours.
 * @throws StartUpError naming the variable to change.
 */
export async function openListener(
  host: string,
  port: number,
  variable: string,
  { limits, plain }: Guarding = { limits: defaultRequestLimits, plain: answerJson },
): Promise<Listener> {
  let ending = false
  let handler: RequestListener = (request, response) => {
    if (request.url === '/health/live')
      return void response
        .writeHead(200, { ...headers, 'Content-Type': 'application/json' })
        .end('{"status":"starting"}')
    plain(response, 'unavailable', { json: readsJson(request.headers.accept), retryAfter: 2 })
  }
  const underWay = new WeakMap<Socket, ServerResponse>()
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    if (ending) response.setHeader('Connection', 'close')
    handler(request, response)
  }
  const options = { keepAliveTimeout: keepAlive, maxHeaderSize: parserRoom * limits.headerBytes }
  // Without a Host header node would answer by itself, with nothing.
  const server = createServer({ ...options, requireHostHeader: false }, (request, response) => {
    underWay.set(request.socket, response)
    response.once('close', () => underWay.get(request.socket) === response && underWay.delete(request.socket))
    guardRequest(request, limits)
    answer(request, response)
  })
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    refuse(request, 'bad_request')
    answer(request, response)
  })
  const faults = createParserFaults({ answer, plain, underWay: (socket) => underWay.get(socket) })
  server.on('clientError', faults as never)
  // Without this node closes the connection of who takes this for a proxy, and says nothing.
  server.on('connect', (_request, socket) => faults(new Error('no tunnel'), socket as Socket))
  await listen(server, host, port, variable)
  return {
    port: (server.address() as AddressInfo).port,
    handle(given) {
      handler = given
    },
    announceEnd() {
      ending = true
    },
    close(milliseconds = 10_000) {
      ending = true
      return drain(server, milliseconds)
    },
  }
}

function listen(server: Server, host: string, port: number, variable: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(explainListenFault(error, host, port, variable)))
    server.listen(port, host, resolve)
  })
}

/** Says in one sentence why a port cannot be opened and what to do. */
export function explainListenFault(error: NodeJS.ErrnoException, host: string, port: number, variable: string) {
  const reasons: Record<string, string> = {
    EADDRINUSE: `Port ${port} is in use. Stop the program that holds it or set ${variable} to another port (0 picks a free one).`,
    EACCES: `Port ${port} may not be opened by this user. Set ${variable} to a port above 1023.`,
    EADDRNOTAVAIL: `This machine has no address ${host}. Set HOST to one it has.`,
  }
  return new StartUpError(reasons[error.code ?? ''] ?? `Port ${port} cannot be opened: ${error.message}.`)
}

function drain(server: Server, milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), milliseconds)
    timer.unref()
    server.close(() => {
      clearTimeout(timer)
      resolve()
    })
    server.closeIdleConnections()
  })
}
