import type { Middleware } from 'koa'
import type { CookieJar } from '../cookies.ts'

const offered = ['de', 'en'] as const
export type Language = (typeof offered)[number]

/** Finds the first offered language in a list of BCP 47 tags (OpenID Connect Core, 3.1.2.1, `ui_locales`). */
export function pickLanguage(tags: string | undefined): Language | undefined {
  const wanted = (tags ?? '').split(/\s+/).map((tag) => tag.split('-')[0]?.toLowerCase())
  return wanted.map((tag) => offered.find((language) => language === tag)).find(Boolean)
}

/** Sets `ctx.state.lang`: what the address asks for (`lang`, `ui_locales`) and is then remembered, else German. */
export function createLanguage(cookies: CookieJar): Middleware {
  return async (ctx, next) => {
    const asked = pickLanguage([ctx.query.lang ?? ctx.query.ui_locales].flat()[0])
    const remembered = pickLanguage(cookies.get(ctx, 'lang'))
    if (asked && asked !== remembered && ctx.method === 'GET') cookies.set(ctx, 'lang', asked)
    ctx.state.lang = asked ?? remembered ?? 'de'
    await next()
  }
}
