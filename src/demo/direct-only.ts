import type { Context, Middleware } from 'koa'
import { isLoopbackHost, isLoopbackUrl } from '../domain/network/loopback.ts'
import { PublicError } from '../errors.ts'

/** Headers that proxies, tunnels and content networks add to what they pass on; RFC 7239, RFC 9110 (7.6.3), RFC 8586, and vendors' own. */
const forwarding =
  /^(forwarded|via|cdn-loop|x-real-ip|x-client-ip|x-cluster-client-ip|x-envoy-.*|x-original-.*|true-client-ip|cf-.*|fastly-.*|x-forwarded(-.*)?|x-proxy.*)$/

/**
 * Lets requests through that a program on this machine makes by itself: from a loopback peer, to a loopback name (another one
 * may have been pointed here from outside, DNS rebinding), passed on by nobody, and asked for by no foreign page.
 */
export function createDirectOnly(): Middleware {
  return async (ctx, next) => {
    const fault = faultOf(ctx)
    if (fault) throw new PublicError('not_found', { detail: fault })
    await next()
  }
}

function faultOf({ req }: Context): string | undefined {
  if (!isLoopbackHost(req.socket.remoteAddress ?? '')) return 'development pages answer this machine only'
  if (!isLoopbackUrl(`http://${req.headers.host}`)) return 'development pages answer under a loopback name only'
  // Proxies that are told nothing speak HTTP/1.0 to the server behind them, with its own name as Host.
  if (req.httpVersion === '1.0' || Object.keys(req.headers).some((name) => forwarding.test(name)))
    return 'development pages do not answer through a proxy'
  const { origin, referer } = req.headers
  if ([origin, referer].some((from) => from !== undefined && !isLoopbackUrl(from)))
    return 'development pages do not answer to pages from elsewhere'
  return undefined
}
