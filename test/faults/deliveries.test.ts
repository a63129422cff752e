import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { startTestApp, type TestApp } from '../support/app.ts'
import { createClient } from '../support/client.ts'
import { waitFor } from '../support/wait.ts'
import { enterCredentials, somebody } from '../support/walk.ts'

type Received = { key: string; code: string; at: number }

let gateway: Server | undefined
let app: TestApp | undefined
afterEach(async () => {
  await app?.close()
  gateway?.closeAllConnections()
  gateway?.close()
})

/** A real SMS gateway on loopback that refuses the first `failures` messages. */
async function startGateway(failures: number): Promise<{ url: string; received: Received[] }> {
  const received: Received[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      const code = /#(\d{6})/.exec(JSON.parse(body).text)?.[1] ?? ''
      received.push({ key: String(request.headers['idempotency-key']), code, at: Date.now() })
      response.writeHead(received.length > failures ? 202 : 503).end()
    })
  })
  gateway = server
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received }
}

describe('an mTAN on its way', () => {
  it('leaves at once, and once', async () => {
    const { url, received } = await startGateway(0)
    app = await startTestApp({ SMS_DRIVER: 'http', SMS_GATEWAY_URL: url })
    const client = createClient()
    const person = somebody('A123456780')
    await enterCredentials(client, app, person)
    const asked = Date.now()
    await client.submit({ email: person.email, mobile: person.mobile })
    const first = await waitFor(() => received[0])
    expect(first.at - asked).toBeLessThan(1500)
    // Several looks into the outbox.
    await new Promise((resolve) => setTimeout(resolve, 3500))
    expect(received).toHaveLength(1)
  })

  it('is tried again when the gateway refused it, under the same key, and works', async () => {
    const { url, received } = await startGateway(1)
    app = await startTestApp({ SMS_DRIVER: 'http', SMS_GATEWAY_URL: url })
    const client = createClient()
    const person = somebody('A123456780')
    await enterCredentials(client, app, person)
    await client.submit({ email: person.email, mobile: person.mobile })
    const second = await waitFor(() => received[1])
    expect(second.key).toBe(received[0]?.key)
    const done = await client.submit({ mtan: second.code })
    expect(new URL(done.url).pathname).toBe('/registrierung/fertig')
  })
})
