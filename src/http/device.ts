import type { Context, Middleware } from 'koa'
import type { CookieJar } from './cookies.ts'

const year = 365 * 24 * 60 * 60

/**
 * Reads the random id of the browser from its signed cookie. The id alone means nothing: which accounts know it stands in
 * the database (security.md, "sign-in failures"). A browser without one has an id for this request only.
 */
export function createDeviceCookie(cookies: CookieJar, newToken: () => string): Middleware {
  return async (ctx, next) => {
    ctx.state.device = cookies.get(ctx, 'device') ?? newToken()
    await next()
  }
}

/** The id of the browser that sends this request. */
export const deviceOf = (ctx: Context): string => ctx.state.device as string

/**
 * Keeps the id of this request in the browser, once an account knows it. No other answer sets the cookie: of tabs opened at
 * once, a late one would overwrite the id that has just become known.
 */
export function keepDevice(ctx: Context, cookies: CookieJar): void {
  if (!cookies.get(ctx, 'device')) cookies.set(ctx, 'device', deviceOf(ctx), year)
}

/** Gives the browser another id, which an account knows from now on. */
export const renewDevice = (ctx: Context, cookies: CookieJar, device: string): void =>
  cookies.set(ctx, 'device', device, year)
