import type { Context, Middleware } from 'koa'
import type Provider from 'oidc-provider'
import type { CookieJar } from '../../http/cookies.ts'
import { begunHere } from '../interaction/begun-here.ts'
import { routes } from '../settings/routes.ts'

const resumes = new RegExp(`^${routes.authorization}/([^/]+)/?$`, 'i')

/**
 * Creates the guard of `/oidc/auth/<uid>`, where the answer of the pages becomes a session. oidc-provider takes up whatever its cookie
 * names, and a page of another host of our site can plant that one, of a sign-in that its owner has finished: the member would be signed
 * in as somebody else (login CSRF, RFC 6749 § 10.12). Without a cookie at all oidc-provider refuses by itself.
 */
export function createResumeGuard(
  provider: Provider,
  cookies: CookieJar,
  explain: (ctx: Context, uid: string) => Promise<void>,
): Middleware {
  return async (ctx, next) => {
    const address = resumes.exec(ctx.path)?.[1]
    const uid = address && ctx.cookies.get(provider.cookieName('resume'), { signed: true })
    if (!uid || (uid === address && begunHere(ctx, cookies, uid))) return await next()
    ctx.set('Cache-Control', 'no-store')
    await explain(ctx, address)
  }
}
