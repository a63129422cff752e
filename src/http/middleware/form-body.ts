import type { Context, Middleware } from 'koa'
import { PublicError } from '../../errors.ts'
import { readRawBody } from '../hooks/signed-webhook.ts'
import { count } from './request-guard.ts'

type FormLimits = { bodyBytes: number; parameters: number }

/**
 * Reads `application/x-www-form-urlencoded` bodies. Repeated fields (RFC 6749, 3.1) and more than `parameters` answer 400, a
 * body of more than `bodyBytes` 413; both are seen before anything is parsed.
 */
export function createFormBody(limits: FormLimits): Middleware {
  return async (ctx, next) => {
    ctx.state.form = ctx.is('urlencoded') ? parse(await read(ctx, limits), limits) : {}
    await next()
  }
}

async function read(ctx: Context, { bodyBytes }: FormLimits): Promise<string> {
  if (ctx.get('Content-Encoding')) throw new PublicError('bad_request', { detail: 'form in another encoding' })
  const body = await readRawBody(ctx.req, bodyBytes).catch((cause) => {
    throw new PublicError('bad_request', { detail: 'form ended early', cause })
  })
  if (!body) throw new PublicError('too_large')
  return body.toString('utf8')
}

function parse(body: string, { parameters }: FormLimits): Record<string, string> {
  if (count(body, '&', parameters) >= parameters) throw new PublicError('bad_request', { detail: 'too many fields' })
  const form: Record<string, string> = Object.create(null)
  for (const [name, value] of new URLSearchParams(body)) {
    if (name in form) throw new PublicError('bad_request', { detail: 'a field is repeated' })
    form[name] = value
  }
  return form
}

/** The fields of the form that was sent. */
export const formOf = (ctx: Context): Record<string, string> => (ctx.state.form ?? {}) as Record<string, string>
