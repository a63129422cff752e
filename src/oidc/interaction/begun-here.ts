import type { Context } from 'koa'
import type { CookieJar } from '../../http/cookies.ts'

const hour = 60 * 60
/** A browser keeps so many sign-ins open; the oldest is given up, as every request brings its cookies along. */
const most = 10
const prefix = 'begun-'

/**
 * Notes in the browser that an interaction began in it. The cookies of oidc-provider are bound to a path and cannot be `__Host-`: a page of
 * another host of our site could plant its own in a member's browser, let her sign in, and take up the answer itself.
 */
export function noteBegun(ctx: Context, cookies: CookieJar, uid: string, now: Date): void {
  const named = new RegExp(`(?:^|;\\s*)(?:__Host-)?(${prefix}[\\w-]+)=([0-9a-z]+)`, 'g')
  const open = [...ctx.get('cookie').matchAll(named)].map(([, name = '', since = '']) => ({ name, since }))
  const newestFirst = open.sort((a, b) => Number.parseInt(b.since, 36) - Number.parseInt(a.since, 36))
  for (const { name } of newestFirst.slice(most - 1)) cookies.clear(ctx, name)
  cookies.set(ctx, prefix + uid, now.getTime().toString(36), hour)
}

/** Whether the interaction began in this browser. */
export const begunHere = (ctx: Context, cookies: CookieJar, uid: string): boolean =>
  cookies.get(ctx, prefix + uid) !== undefined
