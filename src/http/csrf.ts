import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Middleware } from 'koa'
import { PublicError } from '../errors.ts'
import type { CookieJar } from './cookies.ts'
import { formOf } from './form-body.ts'

type Settings = { cookies: CookieJar; secret: Buffer; origin: string; newToken: () => string }

/**
 * Protects every form (OWASP CSRF cheat sheet, signed double submit): a random cookie, and in the form its keyed hash.
 * A foreign `Origin`, and `null`, are refused. Without the cookie the browser keeps none: a page says so.
 */
export function createCsrf({ cookies, secret, origin, newToken }: Settings): Middleware {
  const tokenOf = (cookie: string) => createHmac('sha256', secret).update(`csrf\0${cookie}`).digest('base64url')
  return async (ctx, next) => {
    const cookie = cookies.get(ctx, 'csrf')
    if (ctx.method === 'GET' || ctx.method === 'HEAD') {
      const value = cookie ?? newToken()
      if (!cookie) cookies.set(ctx, 'csrf', value)
      ctx.state.csrf = tokenOf(value)
      return await next()
    }
    const sender = ctx.get('origin')
    if (sender && sender !== origin) throw new PublicError('csrf', { detail: 'foreign origin' })
    if (!cookie) return await ctx.renderPage('sign-in/cookies-off', {}, 400)
    const expected = Buffer.from(tokenOf(cookie))
    const given = Buffer.from(formOf(ctx)._csrf ?? '')
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw new PublicError('csrf')
    ctx.state.csrf = tokenOf(cookie)
    await next()
  }
}
