import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { createHttpSmsGateway } from './sms.ts'

let server: Server | undefined
afterEach(() => {
  server?.closeAllConnections()
  server?.close()
})

type Request = { headers: Record<string, unknown>; body: string }

/** A real gateway on loopback that answers `status`, or never when it is 0. */
async function startGateway(status: number): Promise<{ url: string; requests: Request[] }> {
  const requests: Request[] = []
  const started = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      requests.push({ headers: request.headers, body })
      if (status) response.writeHead(status).end('{}')
    })
  })
  server = started
  await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(started.address() as AddressInfo).port}/sms`, requests }
}

const sms = { id: 'message-2', to: '+4915112345671', text: 'Ihre mTAN\n@localhost #123456' }

describe('createHttpSmsGateway', () => {
  it('posts the message with a key that makes a repeat harmless', async () => {
    const { url, requests } = await startGateway(202)
    await createHttpSmsGateway({ url }).send(sms)
    expect(requests).toHaveLength(1)
    expect(JSON.parse(requests[0]?.body ?? '')).toEqual(sms)
    expect(requests[0]?.headers['idempotency-key']).toBe('message-2')
  })

  it.each([400, 503])('rejects an answer %i without naming number or text', async (status) => {
    const { url } = await startGateway(status)
    const failure = await createHttpSmsGateway({ url })
      .send(sms)
      .catch((error: Error) => error)
    expect(String(failure)).toContain(String(status))
    expect(String(failure)).not.toMatch(/4915112345671|123456/)
  })

  it('gives up on a gateway that does not answer', async () => {
    const { url } = await startGateway(0)
    await expect(createHttpSmsGateway({ url, timeout: 200 }).send(sms)).rejects.toThrow()
  })
})
