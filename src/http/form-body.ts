import type { Context, Middleware } from 'koa'
import bodyParser from 'koa-bodyparser'
import { PublicError } from '../errors.ts'

/**
 * Reads `application/x-www-form-urlencoded` bodies up to `limit` bytes.
 * Repeated fields answer 400 (RFC 6749, 3.1), a body over the limit 413.
 */
export function createFormBody(limit: number): Middleware {
  const parse = bodyParser({
    enableTypes: ['form'],
    formLimit: String(limit),
    onerror: (error) => {
      throw new PublicError((error as { status?: number }).status === 413 ? 'too_large' : 'bad_request', {
        cause: error,
      })
    },
  })
  return async (ctx, next) => {
    await parse(ctx as never, async () => {})
    const form: Record<string, string> = Object.create(null)
    for (const [name, value] of new URLSearchParams(ctx.request.rawBody ?? '')) {
      if (name in form) throw new PublicError('bad_request', { detail: `field ${name.slice(0, 40)} is repeated` })
      form[name] = value
    }
    ctx.state.form = form
    await next()
  }
}

/** The fields of the form that was sent. */
export const formOf = (ctx: Context): Record<string, string> => (ctx.state.form ?? {}) as Record<string, string>
