import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { connect as connectSocket, type Socket } from 'node:net'
import SftpClient from 'ssh2-sftp-client'
import { SftpFault, toLineFault, toSftpFault } from './fault.ts'

/** Milliseconds: to be signed in, without a sign of life, and for all of one hand-over. */
export type SftpTimeouts = { connect: number; idle: number; whole: number }

/** The print shop's server. `hostKeys`: the only keys it may show, as `SHA256:…`. */
export type SftpServer = {
  host: string
  port: number
  user: string
  keyFile: string
  hostKeys: readonly string[]
  timeouts: SftpTimeouts
  /** The server showed a key that is not pinned: a new one nobody told of, or somebody in between. */
  reportUnknownKey(fingerprint: string): void
}

/** Writes a host key's fingerprint as `ssh-keygen -l` does. */
const fingerprintOf = (key: Uint8Array) =>
  `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`

/**
 * Signs in to the server, does the work and hangs up, whatever happens: a server that is silent is left after `idle`, one that
 * never ends after `whole`.
 * @throws SftpFault
 */
export async function withSftp<T>(server: SftpServer, work: (client: SftpClient) => Promise<T>): Promise<T> {
  const { host, port, timeouts } = server
  const privateKey = readKey(server.keyFile)
  const socket = connectSocket({ host, port, noDelay: true })
  // The callbacks of the client would print to the console; what happened is told by the fault.
  const client = new SftpClient('print-shop', { error() {}, end() {}, close() {} })
  const line = watchLine(socket, timeouts)
  const ssh = watchSsh(client)
  let unknownKey: string | undefined
  const hostVerifier = (key: Buffer): boolean => {
    const shown = fingerprintOf(key)
    if (server.hostKeys.includes(shown)) return true
    unknownKey = shown
    return false
  }
  const connected = async () => {
    const options = { sock: socket, username: server.user, privateKey, readyTimeout: timeouts.connect, hostVerifier }
    await client.connect(options)
    ssh.signedIn()
    return await work(client)
  }
  try {
    return await Promise.race([connected(), line.broken])
  } catch (error) {
    if (unknownKey === undefined) throw ssh.fault(host) ?? toSftpFault(line.fault() ?? error, host)
    server.reportUnknownKey(unknownKey)
    throw new SftpFault(host, 'EHOSTKEY', error)
  } finally {
    line.end()
    await hangUp(client, socket)
  }
}

/** Read for each connection, so that a key can be exchanged while the service runs. */
function readKey(keyFile: string): Buffer {
  try {
    return readFileSync(keyFile)
  } catch (error) {
    throw new SftpFault(keyFile, 'EKEYFILE', error)
  }
}

/** Breaks the line when it is silent or takes too long. */
function watchLine(socket: Socket, { idle, whole }: SftpTimeouts) {
  let fault: Error | undefined
  let breakLine = (_error: Error) => {}
  const broken = new Promise<never>((_resolve, reject) => {
    breakLine = reject
  })
  // Also when the work has ended before: nobody waits for it then.
  broken.catch(() => {})
  const giveUp = () => socket.destroy(Object.assign(new Error('no sign of life'), { code: 'ETIMEDOUT' }))
  const timer = setTimeout(giveUp, whole)
  socket.setTimeout(idle, giveUp)
  socket.on('error', (error) => {
    fault ??= error
  })
  socket.on('close', () => breakLine(fault ?? Object.assign(new Error('the line is cut'), { code: 'ECONNRESET' })))
  return { broken, fault: () => fault, end: () => clearTimeout(timer) }
}

/**
 * Listens to the connection itself: the client gives its errors and those of files alike, and their numbers mean different
 * things. Only what breaks the connection comes here.
 */
function watchSsh(client: SftpClient) {
  let exchanged = false
  let signedIn = false
  let first: { error: unknown; signingIn: boolean } | undefined
  client.on('handshake', () => {
    exchanged = true
  })
  client.on('error', (error: unknown) => {
    first ??= { error, signingIn: exchanged && !signedIn }
  })
  return {
    signedIn() {
      signedIn = true
    },
    fault: (host: string) => first && toLineFault(first.error, host, first),
  }
}

/** Says good-bye and waits a second for the answer. */
async function hangUp(client: SftpClient, socket: Socket): Promise<void> {
  const patience = setTimeout(() => socket.destroy(), 1000)
  await client.end().catch(() => {})
  clearTimeout(patience)
  socket.destroy()
}
