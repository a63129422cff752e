import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ejs from 'ejs'
import type { Context, Middleware } from 'koa'
import type { Clock } from '../../gateways/clock.ts'
import { formatDate, formatTime, offered, phoneHref, type TextParams, type Texts } from '../../gateways/texts.ts'
import { packageAssets } from './package-assets.ts'
import { richText } from './rich-text.ts'

/** What a page is given; all of it optional, `model` is the page's own plain data. */
export type PageLocals = {
  csrf?: string
  /** Where the page's forms post to. */
  action?: string
  values?: Record<string, string>
  /** Refused fields: the key of the text, with its parameters. */
  errors?: Record<string, { key: string; params?: TextParams }>
  progress?: { step: number; of: number }
  /** The application that asks for the sign-in; `reviewed: false` is marked on the page. */
  asking?: { name: string; reviewed: boolean }
  cancelPath?: string
  model?: Record<string, unknown>
  /** Which journey the page's forms belong to, where its address does not say. */
  journeyMark?: string
  /** Where the page goes on to by itself, at once (WCAG technique G110). */
  refresh?: string
}

type RenderPage = (view: string, locals: PageLocals, status?: number) => Promise<void>

declare module 'koa' {
  interface ExtendableContext {
    /** Answers with `views/<view>.ejs` inside the layout; a view per language is `views/<view>.<language>.ejs`. */
    renderPage: RenderPage
  }
}

/** Who speaks on the pages. */
type Insurer = {
  name: string
  shortName: string
  insurerNumber: string
  help: { phone: string; email: string; branchUrl?: string }
  /** Name and postal address, parted by ` · `. */
  senderLine: string
  /** Day of the terms of use and the privacy notice, ISO 8601. */
  termsVersion: string
}

type Settings = {
  /** Absolute; `../public` beside it holds the assets. */
  viewsDir: string
  texts: Texts
  insurer: Insurer
  /** Lets pages count down to a time of the server; without it they name the time only. */
  clock?: Clock
}

/** Creates the middleware that lets every later one answer with a page (`ctx.renderPage`). */
export function createRender(settings: Settings): Middleware {
  const { viewsDir } = settings
  const views = new Set(readdirSync(viewsDir, { recursive: true, encoding: 'utf8' }))
  const assets = assetVersion(join(viewsDir, '../public/assets'))
  const insurer = {
    ...settings.insurer,
    help: { ...settings.insurer.help, phoneHref: phoneHref(settings.insurer.help.phone) },
  }
  const options = { cache: true, views: [viewsDir] }
  const layouts = { member: join(viewsDir, 'layout.ejs'), staff: join(viewsDir, 'admin/layout.ejs') }
  // Options apart from the scope: what is given to a page never becomes an option of ejs.
  const draw = async (view: string, scope: object) => {
    const body = await ejs.renderFile(join(viewsDir, `${view}.ejs`), scope, options)
    const layout = view.startsWith('admin/') ? layouts.staff : layouts.member
    return await ejs.renderFile(layout, { ...scope, body }, options)
  }
  return (ctx, next) => {
    ctx.renderPage = async (view, locals, status = 200) => {
      const lang = offered(ctx.state.lang)
      const scope = { ...pageScope(ctx, locals, lang, settings), assets, insurer }
      ctx.body = await draw(views.has(`${view}.${lang}.ejs`) ? `${view}.${lang}` : view, scope)
      ctx.status = status
      ctx.type = 'html'
      ctx.set('Content-Language', lang)
    }
    return next()
  }
}

/** Lets what comes before language and view answer with a page all the same: both are prepared when one is drawn. */
export function createPagesOnDemand(language: Middleware, render: Middleware): Middleware {
  return (ctx, next) => {
    ctx.renderPage = async (...page) => {
      await language(ctx, async () => void (await render(ctx, () => ctx.renderPage(...page))))
    }
    return next()
  }
}

/** Everything a view may name. `page` is filled by the view itself and read by the layout. */
function pageScope(ctx: Context, locals: PageLocals, lang: string, { texts, insurer, clock }: Settings) {
  const translate = texts.translator(lang)
  // A number that breaks over two lines cannot be read out.
  const phone = insurer.help.phone.replaceAll(' ', '\u00a0')
  const always = { brand: insurer.shortName, insurer: insurer.name, phone }
  const t = (key: string, params?: TextParams) => translate(key, { ...always, ...params })
  return {
    ...{ action: '', cancelPath: '', progress: undefined, asking: undefined, refresh: undefined, journeyMark: '' },
    formRefused: ctx.state.refusedForm !== undefined,
    ...locals,
    csrf: locals.csrf ?? String(ctx.state.csrf ?? ''),
    values: locals.values ?? {},
    errors: locals.errors ?? {},
    model: locals.model ?? {},
    lang,
    otherLanguage: otherLanguage(ctx, lang),
    t,
    has: texts.has,
    rich: (key: string, params?: TextParams) => richText(t, key, params),
    date: (day: string | Date) => formatDate(day, lang),
    time: (at: string | Date) => formatTime(at, lang),
    now: clock?.now(),
    page: { title: '', wide: false },
  }
}

function otherLanguage(ctx: Context, lang: string) {
  const other = lang === 'de' ? 'en' : 'de'
  const query = new URLSearchParams(ctx.querystring)
  query.delete('ui_locales')
  query.set('lang', other)
  // Of this page, wherever it lies: `//host/` as a path would be another host.
  return { lang: other, href: `?${query}` }
}

function assetVersion(assetsDir: string): string {
  const hash = createHash('sha256')
  for (const file of Object.values(packageAssets())) hash.update(readFileSync(file))
  for (const name of readdirSync(assetsDir).sort()) hash.update(readFileSync(join(assetsDir, name)))
  return hash.digest('hex').slice(0, 12)
}
