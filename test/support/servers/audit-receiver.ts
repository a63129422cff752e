import { readFileSync } from 'node:fs'
import { createServer as createHttp, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createTcp, type Server, type Socket } from 'node:net'
import { createServer as createTls } from 'node:tls'

const listen = async <T extends Server>(server: T): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

/** A receiver of lines of JSON on a port of its own: keeps what it was sent, and answers what the test says. */
export async function startHttpReceiver() {
  const received: { authorization: string | undefined; type: string | undefined; positions: number[]; text: string }[] =
    []
  const receiver = {
    url: new URL('http://localhost'),
    received,
    /** Every place, in the order of arrival. */
    positions: () => received.flatMap((each) => each.positions),
    /** Status of the next answers; the handler may be replaced to hold or cut one. */
    answer: (_request: IncomingMessage, response: ServerResponse): unknown => response.writeHead(204).end(),
    close: () => server.close().closeAllConnections(),
  }
  const server = createHttp(async (request, response) => {
    const text = (await request.toArray()).join('')
    const positions = text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line).position as number)
    const { authorization, 'content-type': type } = request.headers
    received.push({ authorization, type, positions, text })
    receiver.answer(request, response)
  })
  receiver.url = new URL(`http://127.0.0.1:${await listen(server)}/events`)
  return receiver
}

/** Reads messages by their length in octets (RFC 6587 § 3.4.1). @throws Error when something else comes */
function readFrames(bytes: Buffer): { messages: string[]; rest: Buffer } {
  const messages: string[] = []
  for (let at = 0; ; ) {
    const space = bytes.indexOf(' ', at)
    const length = bytes.subarray(at, space).toString()
    if (space < 0 || bytes.length < space + 1 + Number(length)) return { messages, rest: bytes.subarray(at) }
    if (!/^[1-9]\d*$/.test(length)) throw new Error(`no length: ${length}`)
    at = space + 1 + Number(length)
    messages.push(bytes.subarray(space + 1, at).toString())
  }
}

/** A receiver of syslog on a port of its own, with TLS when it has a certificate; `ca`: it asks for a certificate of that authority. */
export async function startSyslogReceiver(tls?: { cert: string; key: string; ca?: string }) {
  const messages: string[] = []
  const receiver = {
    url: new URL('syslog+tcp://localhost'),
    messages,
    connections: 0,
    /** Called with each connection before anything is read: a test may cut it. */
    greet: (_socket: Socket): unknown => undefined,
    close: () => server.close(),
  }
  const take = (socket: Socket) => {
    receiver.connections++
    let rest: Buffer = Buffer.alloc(0)
    socket.on('error', () => {})
    receiver.greet(socket)
    socket.on('data', (chunk: Buffer) => {
      const read = readFrames(Buffer.concat([rest, chunk]))
      messages.push(...read.messages)
      rest = read.rest
    })
  }
  const pem = tls && {
    ...{ cert: readFileSync(tls.cert), key: readFileSync(tls.key) },
    ...(tls.ca && { ca: readFileSync(tls.ca), requestCert: true, rejectUnauthorized: true }),
  }
  const server: Server = pem ? createTls(pem, take) : createTcp(take)
  receiver.url = new URL(`syslog+${pem ? 'tls' : 'tcp'}://127.0.0.1:${await listen(server)}`)
  return receiver
}
