import type { Context, Middleware } from 'koa'
import type { CookieJar } from './cookies.ts'

const year = 365 * 24 * 60 * 60

/**
 * Gives each browser a random id in a signed cookie. The id alone means nothing: which accounts know it stands in the
 * database (security.md, "sign-in failures").
 */
export function createDeviceCookie(cookies: CookieJar, newToken: () => string): Middleware {
  return async (ctx, next) => {
    const known = cookies.get(ctx, 'device')
    const device = known ?? newToken()
    if (!known) cookies.set(ctx, 'device', device, year)
    ctx.state.device = device
    await next()
  }
}

/** The id of the browser that sends this request. */
export const deviceOf = (ctx: Context): string => ctx.state.device as string
