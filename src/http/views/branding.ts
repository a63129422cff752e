import type { Middleware } from 'koa'

/** Colour tokens by name (`config/insurer.yaml`). */
type Branding = { light?: Record<string, string>; dark?: Record<string, string> }

/** Answers `/branding.css`: the insurer's own colours over the defaults of the style sheet (design.md, "Page"). */
export function createBranding(branding: Branding | undefined): Middleware {
  const tokens = (colours: Record<string, string> = {}) =>
    `:root{${Object.entries(colours)
      .map(([name, colour]) => `--${name}:${colour}`)
      .join(';')}}`
  const css = `${tokens(branding?.light)}\n@media (prefers-color-scheme: dark){${tokens(branding?.dark)}}\n`
  return async (ctx, next) => {
    if (ctx.path !== '/branding.css') return await next()
    ctx.set('Cache-Control', 'public, max-age=300')
    ctx.type = 'css'
    ctx.body = css
  }
}
