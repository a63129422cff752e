import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { networkInterfaces } from 'node:os'
import Koa from 'koa'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createDirectOnly } from './direct-only.ts'

let server: http.Server
beforeAll(async () => {
  const app = new Koa()
  app.silent = true
  app.use(async (ctx, next) => {
    await next().catch((error) => {
      ctx.throw(error.status, error.message)
    })
  })
  app.use(createDirectOnly())
  app.use((ctx) => {
    ctx.body = 'here'
  })
  server = app.listen(0, '0.0.0.0')
  await once(server, 'listening')
})
afterAll(() => server.close())

/** Status of an answer to a request that goes to this address, under a name of this machine. */
async function statusAt(host: string): Promise<number | undefined> {
  const { port } = server.address() as AddressInfo
  const request = http.get({ host, port, headers: { Host: 'localhost' } })
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  response.resume()
  return response.statusCode
}

it('lets a peer on loopback through', async () => {
  expect(await statusAt('127.0.0.1')).toBe(200)
})

it('does not let a peer through that came over a network, whatever name it asks for', async () => {
  const outside = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
  for (const { address } of outside) expect(await statusAt(address)).toBe(404)
})
