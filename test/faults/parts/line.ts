import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { pause } from './chance.ts'

/** What a line does with what goes over it; `slow`: a third of a second for each piece. */
export type LineState = 'ok' | 'slow' | 'cut' | 'hanging'

export type Line = Awaited<ReturnType<typeof startLine>>

/** Lays a line to a port of this machine, which a test makes slow, cuts, or lets hang; `port` is its near end. */
export async function startLine(target: number) {
  let state: LineState = 'ok'
  const sockets = new Set<Socket>()
  async function* carry(pieces: AsyncIterable<Buffer>) {
    for await (const piece of pieces) {
      while (state === 'hanging') await pause(50)
      if (state === 'slow') await pause(330)
      yield piece
    }
  }
  const server = createServer((near) => {
    if (state === 'cut') return near.destroy()
    const far = connect(target, '127.0.0.1')
    const ends = [near, far]
    const hangUp = () => {
      for (const socket of ends) {
        socket.destroy()
        sockets.delete(socket)
      }
    }
    for (const socket of ends) sockets.add(socket.on('error', hangUp).on('close', hangUp))
    pipeline(near, carry, far).catch(hangUp)
    pipeline(far, carry, near).catch(hangUp)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    port: (server.address() as AddressInfo).port,
    behave(next: LineState) {
      state = next
      if (next === 'cut') cut()
    },
    close() {
      state = 'cut'
      cut()
      server.close()
    },
  }
}
