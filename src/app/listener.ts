import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { StartUpError } from '../errors.ts'

/** A bound port that answers 503 until its handler is there. */
export type Listener = { port: number; handle(handler: RequestListener): void; close(): Promise<void> }

/**
 * Binds the port before anything else starts: port 0 becomes the issuer's port, and a port in use is told at once.
 * @throws StartUpError naming the variable to change.
 */
export async function openListener(host: string, port: number, variable: string): Promise<Listener> {
  let handler: RequestListener = (_request, response) => {
    response.writeHead(503, { 'Retry-After': '2', 'Content-Type': 'text/plain; charset=utf-8' })
    response.end('starting')
  }
  const server = createServer((request, response) => handler(request, response))
  await listen(server, host, port, variable)
  return {
    port: (server.address() as AddressInfo).port,
    handle(given) {
      handler = given
    },
    close: () => drain(server),
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

/** Lets requests under way end, for at most ten seconds (RFC 9110; SIGTERM of an orchestrator). */
function drain(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), 10_000)
    timer.unref()
    server.close(() => {
      clearTimeout(timer)
      resolve()
    })
    server.closeIdleConnections()
  })
}
