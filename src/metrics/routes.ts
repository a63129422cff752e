import type { Context } from 'koa'
import { registrationJourney } from '../journeys/registration/journey.ts'
import { signInJourney } from '../journeys/sign-in/journey.ts'
import { routes } from '../oidc/settings/routes.ts'

/** Addresses that no router knows; oidc-provider answers the last two beside its endpoints. */
const fixed = new Set([
  '/health',
  '/health/live',
  '/health/ready',
  ...Object.values(routes),
  '/.well-known/openid-configuration',
  '/.well-known/oauth-authorization-server',
  '/oidc/logout/answer',
  '/oidc/logout/confirm',
  '/oidc/logout/onward',
  '/oidc/logout/success',
])

const steps = new Set(
  [registrationJourney, signInJourney].flatMap(({ steps }) =>
    Object.values(steps).map(({ path }: { path: string }) => path),
  ),
)

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])

/**
 * Names the route of a request once it has been answered: a shape that the code knows, `none` for every other address. A
 * stranger can invent no new names.
 */
export function routeOf(ctx: Context): string {
  const { path } = ctx
  if (fixed.has(path)) return path
  if (path.startsWith('/assets/')) return '/assets/:file'
  if (/^\/oidc\/auth\/[^/]+$/.test(path)) return '/oidc/auth/:uid'
  const { _matchedRoute: matched, params } = ctx as Context & {
    _matchedRoute?: unknown
    params?: Record<string, string>
  }
  if (typeof matched !== 'string') return 'none'
  const step = params?.step
  return step !== undefined && steps.has(step) ? matched.replace(':step', step) : matched
}

/** The method of a request, `other` for those that nothing here answers. */
export const methodOf = (ctx: Context) => (methods.has(ctx.method) ? ctx.method : 'other')
