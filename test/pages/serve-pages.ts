import type { Server } from 'node:http'
import { fileURLToPath } from 'node:url'
import Koa from 'koa'
import serveStatic from 'koa-static'
import { createTexts } from '../../src/gateways/texts.ts'
import { createSecurityHeaders } from '../../src/http/middleware/security-headers.ts'
import { createRender } from '../../src/http/views/render.ts'
import { samples } from './samples.ts'

const root = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))
export const viewsDir = root('views')

const insurer = {
  name: 'AOK Bayern – Die Gesundheitskasse',
  shortName: 'Meine AOK',
  insurerNumber: '108310400',
  senderLine: 'AOK Bayern – Die Gesundheitskasse · Carl-Wery-Straße 28 · 81739 München',
  termsVersion: '2026-11-01',
  help: { phone: '0800 2 767676', email: 'info@service.by.aok.de' },
}

/** Serves every sample page at its name, with the assets, on a free port of this machine; `?lang` chooses the language. */
export async function servePages(): Promise<Server> {
  const app = new Koa()
  app.use(serveStatic(root('public')))
  app.use(async (ctx, next) => {
    ctx.state.lang = ctx.query.lang
    ctx.state.csrf = 'csrf-token'
    await next()
  })
  app.use(createSecurityHeaders({ secure: false }))
  const clock = { now: () => new Date('2026-11-24T14:05:00+01:00') }
  app.use(createRender({ viewsDir, texts: createTexts(root('locales')), insurer, clock }))
  app.use(async (ctx) => {
    const sample = samples.find(({ name }) => `/${name}` === ctx.path)
    if (sample) await ctx.renderPage(sample.view, sample.locals)
  })
  return await new Promise((resolve) => {
    const server = app.listen(0, '127.0.0.1', () => resolve(server))
  })
}
