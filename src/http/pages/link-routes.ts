import type Router from '@koa/router'
import type { Context } from 'koa'
import { type ActivationDeps, activate, lookAtLink } from '../../journeys/activation/activation.ts'
import { type BrowserDeps, confirmBrowser, isBrowserLinkUsable } from '../../journeys/activation/browser-link.ts'
import type { CookieJar } from '../cookies.ts'
import { browserOf, keepBrowser, renewBrowser } from '../middleware/browser.ts'

/** Seconds for which the browser that activated can look at the result again. */
const resultLifetime = 24 * 60 * 60

/** Adds the pages behind e-mailed links: GET shows, POST acts; dead links answer 410 with their page. */
export function addLinkRoutes(
  router: Router,
  deps: ActivationDeps & BrowserDeps,
  { unlockCodeDays, cookies }: { unlockCodeDays: number; cookies: CookieJar },
): void {
  router.get('/aktivierung/:token', async (ctx) => {
    const state = await lookAtLink(tokenOf(ctx), deps)
    if (state !== 'usable') return await ctx.renderPage(`activation/${state}`, { model: {} }, 410)
    await ctx.renderPage('activation/confirm', { action: ctx.path })
  })
  router.post('/aktivierung/:token', async (ctx) => {
    const result = await activate(tokenOf(ctx), deps)
    if (result.state !== 'activated') return await ctx.renderPage(`activation/${result.state}`, { model: {} }, 410)
    ctx.status = 303
    cookies.set(ctx, 'activated', result.letterDay, resultLifetime)
    ctx.redirect('/aktivierung')
  })
  // The result lives at an address without the token, so that a reload or a bookmark tells nothing and changes nothing. The day
  // comes from a signed cookie: an address that somebody sends shows nothing that we have not said to this browser.
  router.get('/aktivierung', async (ctx) => {
    const letterDay = cookies.get(ctx, 'activated')
    if (!letterDay) return await ctx.renderPage('activation/unknown', { model: {} }, 410)
    await ctx.renderPage('activation/done', { model: { letterDay, codeDays: unlockCodeDays } })
  })
  router.get('/geraet/:token', async (ctx) => {
    const usable = await isBrowserLinkUsable(tokenOf(ctx), deps)
    await ctx.renderPage(usable ? 'browser/confirm' : 'browser/dead', { action: ctx.path }, usable ? 200 : 410)
  })
  router.post('/geraet/:token', async (ctx) => {
    const browser = await confirmBrowser(tokenOf(ctx), browserOf(ctx), deps)
    if (!browser) return await ctx.renderPage('browser/dead', {}, 410)
    if (browser === browserOf(ctx)) keepBrowser(ctx, cookies)
    else renewBrowser(ctx, cookies, browser)
    await ctx.renderPage('browser/done', {})
  })
}

const tokenOf = (ctx: Context) => String((ctx as Context & { params: Record<string, string> }).params.token ?? '')
