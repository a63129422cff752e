import { once } from 'node:events'
import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { ReceiverAnswer, ReceiverSettings, StreamedEvent, TlsFiles } from './stream.ts'

/**
 * Posts events as lines of JSON; any 2xx says that they are kept. Redirects are not followed: they would carry the token elsewhere.
 */
export const createHttpReceiver =
  ({ url, token, timeout }: ReceiverSettings) =>
  async (events: readonly StreamedEvent[], tls: TlsFiles): Promise<ReceiverAnswer> => {
    const body = Buffer.from(events.map(({ json }) => `${json}\n`).join(''))
    const headers = {
      'Content-Type': 'application/x-ndjson',
      'Content-Length': body.length,
      ...(token && { Authorization: `Bearer ${token}` }),
    }
    const options = { ...tls, method: 'POST', headers, agent: false as const, signal: AbortSignal.timeout(timeout) }
    const request = url.protocol === 'https:' ? requestHttps(url, options) : requestHttp(url, options)
    request.end(body)
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    response.destroy()
    const status = response.statusCode ?? 0
    return status >= 200 && status < 300 ? 'taken' : { fault: `http_${status}` }
  }
