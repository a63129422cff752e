import { IncomingMessage, type RequestListener, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { type Refusal, refuse, refuseUnderWay } from '../http/middleware/request-guard.ts'
import { type PlainAnswer, readsJson } from '../http/plain-answer.ts'

type ParserFault = NodeJS.ErrnoException & { rawPacket?: Buffer }

type Settings = {
  /** Answers a request that has been refused. */
  answer: RequestListener
  plain: PlainAnswer
  /** The answer that is being given on a connection. */
  underWay(socket: Socket): ServerResponse | undefined
}

/**
 * Creates the answer to what node's parser refuses (headers over its limit, no HTTP, a request that does not arrive): it would
 * write a bare status line. Such a request has no headers that were read; the application answers one without any instead.
 */
export function createParserFaults({ answer, plain, underWay }: Settings) {
  const answered = new WeakSet<Socket>()
  return (error: ParserFault, socket: Socket): void => {
    if (answered.has(socket)) return
    answered.add(socket)
    if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy()
    const begun = underWay(socket)
    const start = error.rawPacket?.subarray(0, 8192).toString('latin1') ?? ''
    const refusal = refusalFor(error, start)
    if (begun) {
      refuseUnderWay(begun.req, refusal)
      interrupt(begun, socket, () => plain(begun, refusal, { json: readsJson(begun.req.headers.accept) }))
      return
    }
    const request = new IncomingMessage(socket)
    // Where it asked, so that machines get JSON; `refuse` takes off the rest.
    const url = /^[A-Z]+ (\/[!-~]*)/.exec(start)?.[1] ?? '/'
    Object.assign(request, { method: 'GET', url, httpVersion: '1.1', httpVersionMajor: 1, httpVersionMinor: 1 })
    for (const name of ['accept', 'cookie']) request.headers[name] = headerIn(start, name)
    refuse(request, refusal)
    request.push(null)
    const response = new ServerResponse(request)
    response.shouldKeepAlive = false
    response.assignSocket(socket)
    response.once('finish', () => socket.destroySoon())
    answer(request, response)
  }
}

/** A header in bytes that no parser has taken. */
const headerIn = (start: string, name: string) => new RegExp(`\\r\\n${name}: *([^\\r\\n]*)`, 'i').exec(start)?.[1]

/** A fault in the middle of a request whose answer has begun only ends the connection. */
function interrupt(response: ServerResponse, socket: Socket, answer: () => void): void {
  if (response.headersSent) return void socket.destroy()
  response.shouldKeepAlive = false
  response.once('finish', () => socket.destroySoon())
  answer()
}

function refusalFor({ code }: ParserFault, start: string): Refusal {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'request_timeout'
  if (code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW') return 'too_large'
  if (code !== 'HPE_HEADER_OVERFLOW') return 'bad_request'
  // An address that is too long fills the room of the headers before its line ends.
  return /^[A-Z]+ [^\r\n]*$/.test(start) ? 'uri_too_long' : 'headers_too_large'
}
