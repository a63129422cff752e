import type Router from '@koa/router'
import type { Context } from 'koa'
import { type ActivationDeps, activate, lookAtLink } from '../journeys/activation/activation.ts'
import { confirmDevice, type DeviceDeps, isDeviceLinkUsable } from '../journeys/activation/device-link.ts'
import type { CookieJar } from './cookies.ts'
import { deviceOf, keepDevice, renewDevice } from './device.ts'

/** Seconds for which the browser that activated can look at the result again. */
const resultLifetime = 24 * 60 * 60

/** Adds the pages behind e-mailed links: GET shows, POST acts; dead links answer 410 with their page. */
export function addLinkRoutes(
  router: Router,
  deps: ActivationDeps & DeviceDeps,
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
    const usable = await isDeviceLinkUsable(tokenOf(ctx), deps)
    await ctx.renderPage(usable ? 'device/confirm' : 'device/dead', { action: ctx.path }, usable ? 200 : 410)
  })
  router.post('/geraet/:token', async (ctx) => {
    const device = await confirmDevice(tokenOf(ctx), deviceOf(ctx), deps)
    if (!device) return await ctx.renderPage('device/dead', {}, 410)
    if (device === deviceOf(ctx)) keepDevice(ctx, cookies)
    else renewDevice(ctx, cookies, device)
    await ctx.renderPage('device/done', {})
  })
}

const tokenOf = (ctx: Context) => String((ctx as Context & { params: Record<string, string> }).params.token ?? '')
