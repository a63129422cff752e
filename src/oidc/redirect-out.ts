import type { Context } from 'koa'
import { isBeyondFormAction } from './form-action.ts'

/** Answers with 303, so that a reload never sends a form again. */
export function redirect(ctx: Context, url: string): void {
  ctx.status = 303
  ctx.redirect(url)
}

/**
 * Leads on after a form of the sign-in, in the end to `leadsTo`, the redirect address of the application. Where no policy can
 * name that address, a page goes on by itself: browsers hold `form-action` against redirects only.
 */
export async function redirectOut(ctx: Context, url: string, leadsTo: string | undefined): Promise<void> {
  if (!isBeyondFormAction(leadsTo)) return redirect(ctx, url)
  await ctx.renderPage('sign-in/go-on', { model: { url }, refresh: url })
}
