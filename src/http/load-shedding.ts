import type { Context, Middleware } from 'koa'
import { PublicError } from '../errors.ts'
import type { CookieJar } from './cookies.ts'

type Settings = {
  overload: { refuses(who: 'stranger' | 'knownDevice'): boolean; retryAfter: number }
  cookies: CookieJar
  /** Whether the browser has a session here: its authorization requests cost no password. */
  signedIn(ctx: Context): boolean
}

const sinceSignIn = 400 * 24 * 60 * 60

/**
 * Notes in a signed cookie that somebody has signed in with this browser. The random id of the device cookie cannot tell: every browser gets
 * one, and whom it is known to stands in the database, which an overloaded process should not ask.
 */
export const noteSignIn = (ctx: Context, cookies: CookieJar): void =>
  cookies.set(ctx, 'signed-in-before', 'yes', sinceSignIn)

const isKnown = (ctx: Context, cookies: CookieJar) => cookies.get(ctx, 'signed-in-before') === 'yes'

/**
 * Creates the refusal of new work while the process is overloaded: sign-ins and registrations that begin here and now. Who has begun
 * goes on, and so do tokens, userinfo, pages, health; browsers in which somebody has signed in before are refused later. `mark` decides before oidc-provider answers, `answer` refuses where
 * pages can be drawn.
 */
export function createLoadShedding({ overload, cookies, signedIn }: Settings) {
  const isNew = (ctx: Context) =>
    (ctx.path === '/oidc/auth' && !signedIn(ctx)) ||
    (ctx.path === '/anmeldung' && ctx.method === 'GET') ||
    (/^\/registrierung\/?$/.test(ctx.path) && !cookies.get(ctx, 'registration'))
  return {
    /** Lets `handler` answer unless the request is new work that is refused. */
    mark(handler: Middleware): Middleware {
      return (ctx, next) => {
        if (!isNew(ctx) || !overload.refuses(isKnown(ctx, cookies) ? 'knownDevice' : 'stranger'))
          return handler(ctx, next)
        ctx.state.shed = true
        return next()
      }
    },
    answer: (async (ctx, next) => {
      if (!ctx.state.shed) return await next()
      throw new PublicError('unavailable', {
        detail: 'overloaded: new work is refused',
        retryAfter: overload.retryAfter,
      })
    }) as Middleware,
  }
}
