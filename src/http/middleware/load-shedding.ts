import type { Context, Middleware } from 'koa'
import { PublicError } from '../../errors.ts'
import type { CookieJar } from '../cookies.ts'
import { knownBrowser } from '../known-browser.ts'

type Settings = {
  overload: { refuses(who: 'stranger' | 'knownBrowser'): boolean; retryAfter: number }
  cookies: CookieJar
  /** Whether the browser has a session here: its authorization requests cost no password. */
  signedIn(ctx: Context): boolean
}

/**
 * Creates the refusal of new work while the process is overloaded: sign-ins and registrations that begin here and now. Who has begun
 * goes on, and so do tokens, userinfo, pages, health; browsers in which somebody has signed in before are refused later. `mark`
 * decides before oidc-provider answers, `answer` refuses where pages can be drawn.
 */
export function createLoadShedding({ overload, cookies, signedIn }: Settings) {
  const isNew = (ctx: Context) =>
    (ctx.path === '/oidc/auth' && !signedIn(ctx)) ||
    (ctx.path === '/anmeldung' && ctx.method !== 'POST') ||
    (ctx.path === '/registrierung' && !cookies.get(ctx, 'registration'))
  return {
    /** Lets `handler` answer unless the request is new work that is refused. */
    mark(handler: Middleware): Middleware {
      return (ctx, next) => {
        if (!isNew(ctx) || !overload.refuses(knownBrowser(ctx, cookies) ? 'knownBrowser' : 'stranger'))
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
