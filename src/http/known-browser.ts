import type { Context } from 'koa'
import type { CookieJar } from './cookies.ts'
import { browserOf } from './middleware/browser.ts'

const sinceSignIn = 400 * 24 * 60 * 60

/**
 * Notes in a signed cookie that somebody has signed in with this browser, under its id: every browser gets one, and
 * whom it is known to stands in the database, which an overloaded process should not ask.
 */
export const noteSignIn = (ctx: Context, cookies: CookieJar): void =>
  cookies.set(ctx, 'signed-in-before', browserOf(ctx), sinceSignIn)

/**
 * The id of a browser in which somebody has signed in before. It costs an mTAN, so a stranger can neither make one nor collect
 * many; a copied one names the same browser.
 */
export const knownBrowser = (ctx: Context, cookies: CookieJar): string | undefined =>
  cookies.get(ctx, 'signed-in-before')
