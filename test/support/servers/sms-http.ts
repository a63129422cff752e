import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** How the gateway behaves: an HTTP status with its answer, `slow` seconds before it, no answer at all, or a broken connection. */
export type SmsHttpBehaviour =
  | { status: number; answer?: unknown; headers?: Record<string, string>; delay?: number }
  | 'hang'
  | 'drop'

export type SmsHttpRequest = {
  method: string
  path: string
  headers: Record<string, string | string[] | undefined>
  body: string
}

export type SmsHttpServer = Awaited<ReturnType<typeof startSmsHttpServer>>

/** Starts an SMS gateway that speaks HTTP, on loopback; `behave` changes what it does from now on. */
export async function startSmsHttpServer(behaviour: SmsHttpBehaviour = { status: 202 }) {
  const requests: SmsHttpRequest[] = []
  let current = behaviour
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      const { method = '', url = '', headers } = request
      requests.push({ method, path: url, headers, body })
      if (current === 'drop') request.socket.destroy()
      if (current === 'hang' || current === 'drop') return
      const { status, answer = {}, headers: extra, delay = 0 } = current
      const text = typeof answer === 'function' ? answer(body) : answer
      setTimeout(() => {
        response.writeHead(status, { 'Content-Type': 'application/json', ...extra })
        response.end(typeof text === 'string' ? text : JSON.stringify(text))
      }, delay)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/sms`,
    requests,
    behave(next: SmsHttpBehaviour) {
      current = next
    },
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}
