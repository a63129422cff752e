import { readFileSync } from 'node:fs'
import { type IncomingHttpHeaders, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Certificates } from '../../support/servers/certificates.ts'

export type Balancer = Awaited<ReturnType<typeof startBalancer>>

/**
 * Starts a balancer that ends TLS and gives every request to another of `ports` than the one before; a process that refuses the
 * connection is passed over, one that dies with a request is answered for with 502, as usual balancers do.
 */
export async function startBalancer({ certificate, key }: Certificates) {
  let ports: number[] = []
  let turn = 0
  const server = createServer(
    { cert: readFileSync(certificate), key: readFileSync(key) },
    async (incoming, outgoing) => {
      const parts: Buffer[] = []
      for await (const part of incoming) parts.push(part as Buffer)
      const body = Buffer.concat(parts)
      for (let tries = 0; tries < ports.length; tries++) {
        const port = ports[turn++ % ports.length] ?? 0
        if ((await pass(port, incoming, body, outgoing)) === 'done') return
      }
      fail(outgoing)
    },
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `https://localhost:${(server.address() as AddressInfo).port}`,
    /** Whom requests go to from now on. */
    serve(next: number[]) {
      ports = next
    },
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

function pass(
  port: number,
  { method, url, headers }: IncomingMessage,
  body: Buffer,
  outgoing: ServerResponse,
): Promise<'done' | 'refused'> {
  return new Promise((resolve) => {
    const passed = request({ port, host: '127.0.0.1', method, path: url, headers: forwarded(headers), agent: false })
    passed.on('response', (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
      answer.pipe(outgoing)
      answer.on('error', () => outgoing.destroy())
      outgoing.on('close', () => resolve('done'))
    })
    passed.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') return resolve('refused')
      fail(outgoing)
      resolve('done')
    })
    passed.end(body)
  })
}

const forwarded = (headers: IncomingHttpHeaders) => ({
  ...headers,
  'x-forwarded-proto': 'https',
  'x-forwarded-for': headers['x-forwarded-for'] ?? '127.0.0.1',
})

function fail(outgoing: ServerResponse): void {
  if (outgoing.headersSent) outgoing.destroy()
  else outgoing.writeHead(502, { 'content-type': 'text/html' }).end('<h1>502</h1>')
}
