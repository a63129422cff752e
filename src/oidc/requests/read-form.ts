import type { Context } from 'koa'
import { PublicError } from '../../errors.ts'
import { readRawBody } from '../../http/hooks/signed-webhook.ts'

/** The same as for our own forms (security.md, "work per request"). */
const limit = 64 * 1024

/**
 * Reads the fields of a form that was sent to a protocol address.
 * @throws PublicError `too_large` over 64 KiB, `bad_request` when it is no `application/x-www-form-urlencoded`.
 */
export async function readForm(ctx: Context): Promise<URLSearchParams> {
  const body = await readRawBody(ctx.req, limit).catch((cause) => {
    throw new PublicError('bad_request', { detail: 'form ended early', cause })
  })
  if (!body) throw new PublicError('too_large')
  if (body.length > 0 && !ctx.is('urlencoded')) throw new PublicError('bad_request', { detail: 'the body is no form' })
  return new URLSearchParams(body.toString())
}
