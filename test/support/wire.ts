import { connect, createServer, type Socket } from 'node:net'

/** What a client sent to a server: each statement or command in its order, and how often the client waited for an answer. */
export type Traffic = { said: string[]; roundTrips: number }

/** Reads what a client sends on one connection: takes chunks, notes what they say. */
type Reader = (chunk: Buffer) => void

/** A server as its client sees it, with somebody on the line. */
export type Tapped = {
  url: string
  /** What was said since the last call. */
  take(): Traffic
  close(): Promise<void>
}

/** Puts somebody on the line to PostgreSQL who notes each statement that is run, by its text (PostgreSQL documentation, 54.7). */
export const tapPostgres = (url: string): Promise<Tapped> => tap(url, 5432, createStatementReader)

/** Puts somebody on the line to Redis who notes each command with its first arguments (RESP2). */
export const tapRedis = (url: string): Promise<Tapped> => tap(url, 6379, createCommandReader)

async function tap(url: string, usualPort: number, createReader: (traffic: Traffic) => Reader): Promise<Tapped> {
  const traffic: Traffic = { said: [], roundTrips: 0 }
  const open = new Set<Socket>()
  const { hostname, port } = new URL(url)
  const server = createServer((client) => {
    const upstream = connect(Number(port || usualPort), hostname)
    const read = createReader(traffic)
    client.on('data', read)
    client.pipe(upstream).pipe(client)
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(socket)
      socket.on('error', () => other.destroy())
      socket.on('close', () => open.delete(socket) && other.destroy())
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address() as { port: number }
  return {
    url: Object.assign(new URL(url), { hostname: '127.0.0.1', port: String(address.port) }).href,
    take() {
      const taken = { ...traffic }
      Object.assign(traffic, { said: [], roundTrips: 0 })
      return taken
    },
    async close() {
      for (const socket of open) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Keeps what a chunk leaves incomplete; `readOne` gives the length of the message at the start, 0 when it is not all there. */
function createMessageReader(readOne: (rest: Buffer) => number): Reader {
  let rest = Buffer.alloc(0)
  return (chunk) => {
    rest = Buffer.concat([rest, chunk])
    for (let length = readOne(rest); length > 0; length = rest.length > 0 ? readOne(rest) : 0)
      rest = rest.subarray(length)
  }
}

const textAt = (message: Buffer, start: number) => message.toString('utf8', start, message.indexOf(0, start))

function createStatementReader(traffic: Traffic): Reader {
  const prepared = new Map<string, string>()
  let bound = ''
  let started = false
  const readers: Record<string, (message: Buffer) => void> = {
    Q(message) {
      traffic.said.push(textAt(message, 5))
      traffic.roundTrips++
    },
    P(message) {
      const name = textAt(message, 5)
      prepared.set(name, textAt(message, 5 + Buffer.byteLength(name) + 1))
    },
    B(message) {
      const portal = textAt(message, 5)
      bound = prepared.get(textAt(message, 5 + Buffer.byteLength(portal) + 1)) ?? '?'
    },
    E: () => traffic.said.push(bound),
    S: () => traffic.roundTrips++,
  }
  return createMessageReader((rest) => {
    // The first message has no type (startup).
    const header = started ? 1 : 0
    if (rest.length < header + 4) return 0
    const length = header + rest.readInt32BE(header)
    if (rest.length < length) return 0
    if (started) readers[String.fromCharCode(rest[0] as number)]?.(rest.subarray(0, length))
    started = true
    return length
  })
}

function createCommandReader(traffic: Traffic): Reader {
  const readOne = createMessageReader((rest) => {
    const parts: string[] = []
    const count = numberAt(rest, 0)
    if (!count) return 0
    let position = count.end
    for (let index = 0; index < count.value; index++) {
      const size = numberAt(rest, position)
      if (!size || rest.length < size.end + size.value + 2) return 0
      parts.push(rest.toString('utf8', size.end, size.end + size.value))
      position = size.end + size.value + 2
    }
    traffic.said.push(parts.slice(0, 5).map(shortened).join(' '))
    return position
  })
  return (chunk) => {
    traffic.roundTrips++
    readOne(chunk)
  }
}

const shortened = (part: string) => part.replaceAll(/\s+/g, ' ').slice(0, 60)

/** The number of a line such as `*3` or `$12`. */
function numberAt(bytes: Buffer, start: number): { value: number; end: number } | undefined {
  const end = bytes.indexOf('\r\n', start)
  return end < 0 ? undefined : { value: Number(bytes.toString('latin1', start + 1, end)), end: end + 2 }
}
