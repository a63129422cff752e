import type { Context, Middleware } from 'koa'
import type { CookieJar } from '../cookies.ts'

/** As long as an account knows a browser that nobody uses (deadlines.yaml), and as browsers keep a cookie at most (RFC 6265bis § 5.5). */
const lifetime = 400 * 24 * 60 * 60

/**
 * Reads the random id of the browser from its signed cookie. The id alone means nothing: which accounts know it stands in
 * the database (security.md, "sign-in failures"). A browser without one has an id for this request only.
 */
export function createBrowserCookie(cookies: CookieJar, newToken: () => string): Middleware {
  return async (ctx, next) => {
    ctx.state.browser = cookies.get(ctx, 'device') ?? newToken()
    await next()
  }
}

/** The id of the browser that sends this request. */
export const browserOf = (ctx: Context): string => ctx.state.browser as string

/**
 * Keeps the id of this request in the browser, once an account knows it, and longer with each sign-in. No other answer sets the
 * cookie: of tabs opened at once, a late one would overwrite the id that has just become known.
 */
export function keepBrowser(ctx: Context, cookies: CookieJar): void {
  cookies.set(ctx, 'device', browserOf(ctx), lifetime)
}

/** Gives the browser another id, which an account knows from now on. */
export const renewBrowser = (ctx: Context, cookies: CookieJar, browser: string): void =>
  cookies.set(ctx, 'device', browser, lifetime)
