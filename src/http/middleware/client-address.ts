import type { IncomingMessage } from 'node:http'
import type { Middleware } from 'koa'
import { clientAddressOf, type TrustedProxies } from '../../domain/network/trusted-proxies.ts'

/**
 * Makes `ctx.ip` the client's address as `readAddress` spells it, on every application that answers requests: what counts,
 * logs or stores an address reads it there. koa's own reading of `X-Forwarded-…` stays off.
 */
export function createClientAddress(trusted: TrustedProxies): Middleware {
  return (ctx, next) => {
    ctx.request.ip = addressOf(ctx.req, trusted)
    return next()
  }
}

function addressOf({ socket, headers }: IncomingMessage, trusted: TrustedProxies): string {
  const forwardedFor = headers['x-forwarded-for']
  // node joins repeated headers of this name; the type allows a list all the same.
  return clientAddressOf(trusted, socket.remoteAddress, [forwardedFor].flat().join(','))
}
