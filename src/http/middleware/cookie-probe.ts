import type { Context } from 'koa'
import type { CookieJar } from '../cookies.ts'

const ours = ['probe', 'csrf', 'device', 'registration', 'lang']

/**
 * Tells whether this browser keeps cookies: one that sends any of ours does. One that sends none is given one and asked to come
 * again (`asked`: answered with a redirect); only when it does not come back are cookies `blocked`.
 */
export function probeCookies(ctx: Context, cookies: CookieJar): 'kept' | 'blocked' | 'asked' {
  if (ours.some((name) => cookies.get(ctx, name) !== undefined)) return 'kept'
  if (isProbed(ctx)) return 'blocked'
  cookies.set(ctx, 'probe', '1')
  ctx.status = 303
  ctx.redirect(`${ctx.path.replace(/^[/\\]+/, '/')}?probe=1`)
  return 'asked'
}

/** Whether the browser has been asked to come again. */
export const isProbed = (ctx: Context) => new URLSearchParams(ctx.querystring).has('probe')
