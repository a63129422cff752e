import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Middleware } from 'koa'
import { PublicError } from '../errors.ts'
import type { CookieJar } from './cookies.ts'
import { formOf } from './form-body.ts'

/** `secrets`: newest first; forms made under an older one still count, so that a rotation breaks none. */
type Settings = { cookies: CookieJar; secrets: readonly Buffer[]; origin: string; newToken: () => string }

/**
 * Protects every form (OWASP CSRF cheat sheet, signed double submit): a random cookie, and in the form its keyed hash.
 * A foreign `Origin`, and `null`, are refused. Without the cookie the browser keeps none: a page says so.
 */
export function createCsrf({ cookies, secrets, origin, newToken }: Settings): Middleware {
  const tokensOf = (cookie: string) =>
    secrets.map((secret) => createHmac('sha256', secret).update(`csrf\0${cookie}`).digest('base64url'))
  const tokenOf = (cookie: string) => tokensOf(cookie)[0]
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
    const given = Buffer.from(formOf(ctx)._csrf ?? '')
    const fits = (token: string) => given.length === token.length && timingSafeEqual(given, Buffer.from(token))
    if (!tokensOf(cookie).some(fits)) throw new PublicError('csrf')
    ctx.state.csrf = tokenOf(cookie)
    await next()
  }
}
