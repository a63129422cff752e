import type { Context } from 'koa'
import { PublicError } from '../../errors.ts'

/** The same as for our own forms (security.md, "work per request"). */
const limit = 64 * 1024

/**
 * Reads the fields of a form that was sent to a protocol address.
 * @throws PublicError `too_large` over 64 KiB, `bad_request` when it is no `application/x-www-form-urlencoded`.
 */
export async function readForm(ctx: Context): Promise<URLSearchParams> {
  if ((ctx.request.length ?? 0) > limit) throw new PublicError('too_large')
  const parts: Buffer[] = []
  let size = 0
  for await (const part of ctx.req) {
    size += (part as Buffer).length
    if (size > limit) throw new PublicError('too_large')
    parts.push(part as Buffer)
  }
  if (size > 0 && !ctx.is('urlencoded')) throw new PublicError('bad_request', { detail: 'the body is no form' })
  return new URLSearchParams(Buffer.concat(parts).toString())
}
