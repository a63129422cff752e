import type Router from '@koa/router'
import type { Context, Middleware } from 'koa'
import { PublicError } from '../errors.ts'

/**
 * Creates the middleware that gives each of `known` addresses its one spelling before anything looks at the path. Routers take capitals and
 * a slash at the end for the same address; a limit that compares would not count them.
 */
export function createOneSpelling(known: Iterable<string>): Middleware {
  const addresses = new Set(known)
  return (ctx, next) => {
    const folded = ctx.path.toLowerCase().replace(/(.)\/$/, '$1')
    if (folded !== ctx.path && addresses.has(folded)) ctx.path = folded
    return next()
  }
}

/** The addresses of a router without parameters. */
export const fixedAddressesOf = (router: Router): string[] =>
  router.stack.map(({ path }) => String(path)).filter((path) => !path.includes(':'))

/**
 * Creates the refusal of what no route of `router` answers, before a body is read or a form is looked for: 404, or 405 with `Allow`
 * (RFC 9110, 15.5.6). OPTIONS, which load balancers ask by themselves, is answered with 204 (9.3.7).
 */
export function createKnownAddresses(router: Router): Middleware {
  return async (ctx, next) => {
    const { path, route } = router.match(ctx.path, ctx.method)
    if (route) return await next()
    if (path.length === 0) throw new PublicError('not_found')
    allow(
      ctx,
      path.flatMap(({ methods }) => methods),
    )
    if (ctx.method !== 'OPTIONS') throw new PublicError('method_not_allowed')
    ctx.status = 204
  }
}

const allow = (ctx: Context, methods: string[]) => ctx.set('Allow', [...new Set([...methods, 'OPTIONS'])].join(', '))
