import type { Context, Middleware } from 'koa'
import { PublicError } from '../../errors.ts'
import { routes } from '../settings/routes.ts'
import { readForm } from './read-form.ts'

/** The longest query that is answered (security.md, "work per request"), in bytes. */
const longestQuery = 8 * 1024
const mostParameters = 100

/**
 * Creates the POST of the authorization and the sign-out endpoint (OpenID Connect Core 1.0 § 3.1.2.1, RP-Initiated Logout 1.0
 * § 2): a redirect to the same parameters as GET. The form comes from another site, so that the browser sends none of our
 * SameSite=Lax cookies with it; it does with the redirect.
 */
export function createPostedRequest(refuse: (ctx: Context, error: PublicError) => Promise<void>): Middleware {
  return async (ctx, next) => {
    const path = ctx.path.toLowerCase().replace(/\/$/, '')
    const signsOut = path === routes.end_session
    if (ctx.method !== 'POST' || !(signsOut || path === routes.authorization)) return await next()
    ctx.set('Cache-Control', 'no-store')
    const query = new URLSearchParams(ctx.querystring)
    try {
      for (const [name, value] of await readForm(ctx)) query.append(name, value)
      const text = String(query)
      if (query.size > mostParameters || text.length > longestQuery)
        throw new PublicError('too_large', { detail: 'more than 8 KiB or 100 parameters; push the request (RFC 9126)' })
      ctx.status = 303
      ctx.redirect(query.size > 0 ? `${path}?${text}` : path)
    } catch (error) {
      if (!(error instanceof PublicError)) throw error
      // Whoever wants to sign out can do so, whatever was sent along.
      if (!signsOut) return await refuse(ctx, error)
      ctx.status = 303
      ctx.redirect(path)
    }
  }
}
