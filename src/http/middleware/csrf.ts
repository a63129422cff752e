import type { Context, Middleware } from 'koa'
import { PublicError } from '../../errors.ts'
import type { CookieJar } from '../cookies.ts'
import { createFormTokens } from '../form-token.ts'
import { isProbed, probeCookies } from './cookie-probe.ts'
import { formOf } from './form-body.ts'

/** `secrets`: newest first; forms made under an older one still count, so that a rotation breaks none. */
type Settings = {
  cookies: CookieJar
  secrets: readonly Buffer[]
  /** The origin of the pages at this address. */
  originOf(ctx: Context): string
  newToken: () => string
  /** The machine's own clock. */
  now: () => Date
}

/**
 * Protects every form (OWASP CSRF cheat sheet): a form of another origin is refused by what the browser says of it, and
 * every form carries a token signed for the browser's cookie.
 *
 * Tabs opened at once each get a cookie and keep the last, so that a token may belong to a cookie that was overwritten.
 * It counts where the browser proves that the form is ours: another site can neither have that said of its form nor
 * bring the victim's browser to send none of the headers.
 */
export function createCsrf({ cookies, secrets, originOf, newToken, now }: Settings): Middleware {
  const tokens = createFormTokens(secrets, now)
  return async (ctx, next) => {
    const cookie = cookies.get(ctx, 'csrf')
    const value = cookie ?? tokens.newCookie(newToken())
    if (ctx.method === 'GET' || ctx.method === 'HEAD') {
      // Pages of a sign-in say it themselves, with a way back to their application.
      const alone = isProbed(ctx) && !ctx.path.startsWith('/anmeldung/')
      if (alone && probeCookies(ctx, cookies) === 'blocked') return await ctx.renderPage('sign-in/cookies-off', {}, 400)
      if (!cookie) cookies.set(ctx, 'csrf', value)
      ctx.state.csrf = tokens.issue(value)
      return await next()
    }
    const sender = senderOf(ctx, originOf(ctx))
    if (sender === 'foreign') throw new PublicError('csrf', { detail: 'foreign origin' })
    const verdict = tokens.verify(formOf(ctx)._csrf ?? '', cookie)
    ctx.state.csrf = tokens.issue(value)
    if (verdict === 'browser' || (verdict === 'recent' && sender === 'own')) {
      if (!cookie) cookies.set(ctx, 'csrf', value)
      return await next()
    }
    if (sender === 'own') {
      if (!cookie) cookies.set(ctx, 'csrf', value)
      return await showAgain(ctx, next)
    }
    if (!cookie) {
      cookies.set(ctx, 'csrf', value)
      const model = { path: `${ctx.path.replace(/^[/\\]+/, '/')}?probe=1` }
      return await ctx.renderPage('sign-in/cookies-gone', { model }, 400)
    }
    throw new PublicError('csrf')
  }
}

/**
 * Tells where a form comes from: `Sec-Fetch-Site` and `Origin` where the browser sends them, else `Referer` (OWASP CSRF cheat
 * sheet, "Verifying Origin With Standard Headers"). `null` is nobody's origin and refused.
 */
function senderOf(ctx: Context, origin: string): 'own' | 'foreign' | 'unknown' {
  const site = ctx.get('Sec-Fetch-Site')
  if (site === 'cross-site' || site === 'same-site') return 'foreign'
  const sender = ctx.get('Origin')
  if (sender) return sender === origin ? 'own' : 'foreign'
  if (site === 'same-origin') return 'own'
  const page = ctx.get('Referer')
  if (!page) return 'unknown'
  return URL.parse(page)?.origin === origin ? 'own' : 'foreign'
}

/**
 * A form of ours whose token is too old or damaged changes nothing: its page is shown again, as a GET would, with what was
 * typed and a fresh token.
 */
async function showAgain(ctx: Context, next: () => Promise<void>): Promise<void> {
  ctx.state.refusedForm = { ...formOf(ctx) }
  ctx.method = 'GET'
  await next()
  if (ctx.status === 200) ctx.status = 403
}

/** What was typed into a form that was refused before anybody looked at it. */
export const refusedFormOf = (ctx: Context) => ctx.state.refusedForm as Record<string, string> | undefined
