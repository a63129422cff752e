import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { StartUpError } from '../errors.ts'

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

/**
 * Binds the port before anything else starts: port 0 becomes the issuer's port, and a port in use is told at once.
 * @throws StartUpError naming the variable to change.
 */
export async function openListener(host: string, port: number, variable: string): Promise<Listener> {
  let ending = false
  let handler: RequestListener = (request, response) => {
    if (request.url === '/health/live') return void response.end('starting')
    response.writeHead(503, { 'Retry-After': '2', 'Content-Type': 'text/plain; charset=utf-8' })
    response.end('starting')
  }
  const server = createServer({ keepAliveTimeout: keepAlive }, (request, response) => {
    if (ending) response.setHeader('Connection', 'close')
    handler(request, response)
  })
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
