import { Agent, type OutgoingHttpHeaders, request } from 'node:http'

/** An answer: `location` when it is a redirect; `body` only when it was asked for. */
export type Answer = { status: number; location: string; setCookie: string[]; body: string }

/** A client as cheap as node:http allows, because it shares the cores with what it measures. */
export type HttpClient = {
  send(method: 'GET' | 'POST', url: string, headers: OutgoingHttpHeaders, body?: string): Promise<Answer>
  close(): void
}

/** Creates the client; connections are kept. */
export function createHttpClient(lanes: number): HttpClient {
  const agent = new Agent({ keepAlive: true, maxSockets: lanes })
  return {
    send: (method, url, headers, body) =>
      new Promise((resolve, reject) => {
        const length = body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) }
        const outgoing = request(url, { method, agent, headers: { ...headers, ...length } }, (incoming) => {
          const chunks: Buffer[] = []
          incoming.on('data', (chunk) => chunks.push(chunk))
          incoming.on('error', reject)
          incoming.on('end', () =>
            resolve({
              status: incoming.statusCode ?? 0,
              location: incoming.headers.location ?? '',
              setCookie: incoming.headers['set-cookie'] ?? [],
              body: Buffer.concat(chunks).toString(),
            }),
          )
        })
        outgoing.on('error', reject)
        outgoing.setTimeout(30_000, () => outgoing.destroy(new Error(`no answer within 30 s: ${method} ${url}`)))
        outgoing.end(body)
      }),
    close: () => agent.destroy(),
  }
}
