import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** An SMS gateway of the benchmark's own: hands each mTAN to the sign-in that waits for it. */
export type SmsSink = { url: string; nextCode(mobile: string): Promise<string>; close(): void }

/** Starts the gateway; it takes what `SMS_DRIVER=http` sends. */
export async function startSmsSink(): Promise<SmsSink> {
  const waiting = new Map<string, (code: string) => void>()
  const arrived = new Map<string, string>()
  const server = createServer((incoming, outgoing) => {
    let body = ''
    incoming.on('data', (chunk) => {
      body += chunk
    })
    incoming.on('end', () => {
      outgoing.writeHead(204).end()
      const { to, text } = JSON.parse(body) as { to: string; text: string }
      const code = /#(\d{6})\b/.exec(text)?.[1] ?? ''
      const taker = waiting.get(to)
      if (taker) taker(code)
      else arrived.set(to, code)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    nextCode(mobile) {
      const code = arrived.get(mobile)
      if (code !== undefined) {
        arrived.delete(mobile)
        return Promise.resolve(code)
      }
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(mobile)
          reject(new Error('no SMS within 20 s'))
        }, 20_000)
        waiting.set(mobile, (given) => {
          clearTimeout(timer)
          waiting.delete(mobile)
          resolve(given)
        })
      })
    },
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
