import type { IncomingMessage } from 'node:http'
import type { Context, Middleware } from 'koa'
import { isWithin, type Network } from '../../domain/network/networks.ts'
import { PublicError } from '../../errors.ts'

type Gate = {
  issuer: string
  /** Its own port and address, where it has them. */
  port: number | undefined
  url: string | undefined
  /** From where it is reached; unset: from everywhere. */
  networks: readonly Network[] | undefined
}

/** What its pages are drawn with, and what load balancers ask. */
const shared = /^\/(assets|branding\.css|health)(\/|$)/
const ofConsole = /^\/admin(\/|$)/i

/** Whether an address belongs to the staff console. */
export const isOfConsole = (ctx: Pick<Context, 'path'>): boolean => ofConsole.test(ctx.path)

/**
 * Creates the gate of the staff console: with a port or an address of its own it is answered there alone, and nothing else is; whoever
 * comes from outside its networks finds no such page.
 */
export function createConsoleGate({ issuer, port, url, networks }: Gate): Middleware {
  const host = url && new URL(url).host !== new URL(issuer).host ? new URL(url).host : undefined
  const isApart = port !== undefined || host !== undefined
  const arrivesThere = ({ socket, headers }: IncomingMessage) =>
    port === undefined ? headers.host === host : socket.localPort === port
  return (ctx, next) => {
    const there = isApart && arrivesThere(ctx.req)
    const wrongDoor = isOfConsole(ctx) ? isApart && !there : there && ctx.path !== '/' && !shared.test(ctx.path)
    if (wrongDoor || (isOfConsole(ctx) && networks && !isWithin(networks, ctx.ip))) throw new PublicError('not_found')
    // Who types the host alone means the console.
    if (there && ctx.path === '/') return ctx.redirect('/admin')
    return next()
  }
}
