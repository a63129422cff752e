import { fileURLToPath } from 'node:url'
import ejs from 'ejs'
import type { Context } from 'koa'
import { sayFactors, sayLevel, sayMoment, sayRefusal, sayStepUp } from './words.ts'

/** Answers with a page of `views/demo`; `model` is plain data. */
export type ShowPage = (ctx: Context, view: string, model: PageModel, status?: number) => Promise<void>

/** What every page needs beside its own data. */
export type PageModel = { title: string; notice?: string } & Record<string, unknown>

const words = { sayFactors, sayLevel, sayMoment, sayRefusal, sayStepUp }
const views = fileURLToPath(new URL('../../../views/demo/', import.meta.url))

/** Creates the renderer of the demonstration's own pages. */
export function createPages(issuer: string): ShowPage {
  const render = (view: string, model: object) =>
    ejs.renderFile(`${views}${view}.ejs`, { notice: undefined, ...model, words, claimRows, issuer }, { cache: true })
  return async (ctx, view, model, status = 200) => {
    const body = await render(view, model)
    ctx.status = status
    ctx.type = 'html'
    ctx.body = await render('layout', { ...model, body, brand: model.brand ?? 'Meine AOK' })
  }
}

const moments = new Set(['iat', 'exp', 'auth_time', 'updated_at'])

/** Turns claims into rows of a table: name, value as it was sent, and the value in words where that helps. */
function claimRows(claims: Record<string, unknown>): { name: string; value: string; inWords?: string }[] {
  return Object.entries(claims).map(([name, value]) => ({
    name,
    value: typeof value === 'string' ? value : JSON.stringify(value),
    inWords: moments.has(name) ? sayMoment(value) : undefined,
  }))
}
