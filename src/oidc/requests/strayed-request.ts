import type { Context, Middleware } from 'koa'
import { PublicError } from '../../errors.ts'
import { isStoreAway } from '../../http/middleware/errors.ts'
import { routes } from '../settings/routes.ts'

const { authorization, end_session } = routes
const asPage = ['GET', 'HEAD']
const forApplications = ['POST', 'OPTIONS']

/** What answers below `/oidc` and `/.well-known`, and to which methods; `:id` is one part of a path. */
const methods: Record<string, readonly string[]> = {
  [authorization]: [...asPage, 'POST'],
  [`${authorization}/:id`]: asPage,
  [end_session]: [...asPage, 'POST'],
  [`${end_session}/answer`]: [...asPage, 'POST'],
  [`${end_session}/confirm`]: ['POST'],
  [`${end_session}/success`]: asPage,
  [`${end_session}/onward`]: [...asPage, 'POST'],
  [routes.token]: forApplications,
  [routes.introspection]: forApplications,
  [routes.revocation]: forApplications,
  [routes.pushed_authorization_request]: forApplications,
  [routes.userinfo]: [...asPage, ...forApplications],
  [routes.jwks]: [...asPage, 'OPTIONS'],
  '/.well-known/openid-configuration': [...asPage, 'OPTIONS'],
  '/.well-known/oauth-authorization-server': [...asPage, 'OPTIONS'],
}

/**
 * Creates what answers at protocol addresses where oidc-provider has nothing to say, so that nobody meets koa's bare text: 405
 * with `Allow` for another method (RFC 9110 § 15.5.6), 204 with `Allow` for OPTIONS, else 404. `refuse` draws it.
 */
export function createStrayedRequest(refuse: (ctx: Context, error: PublicError) => Promise<void>): Middleware {
  return async (ctx, next) => {
    const allowed = allowedAt(ctx.path)
    if (!allowed) return await refuse(ctx, new PublicError('not_found'))
    if (!allowed.includes(ctx.method)) {
      ctx.set('Allow', [...new Set([...allowed, 'OPTIONS'])].join(', '))
      if (ctx.method !== 'OPTIONS') return await refuse(ctx, new PublicError('method_not_allowed'))
      ctx.status = 204
      return
    }
    try {
      await next()
    } catch (error) {
      if (isStoreAway(error)) throw error
      await refuse(ctx, error instanceof PublicError ? error : new PublicError('internal', { cause: error }))
    }
  }
}

function allowedAt(path: string): readonly string[] | undefined {
  const folded = path.toLowerCase().replace(/(.)\/$/, '$1')
  return methods[folded] ?? (isResume(folded) ? methods[`${authorization}/:id`] : undefined)
}

const isResume = (path: string) =>
  path.startsWith(`${authorization}/`) && /^[^/]+$/.test(path.slice(authorization.length + 1))
