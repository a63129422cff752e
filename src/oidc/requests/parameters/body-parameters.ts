import type { Context, Next } from 'koa'

const ampersand = 0x26

/**
 * Creates the middleware that ends the reading of a body with more than `most` parameters before oidc-provider parses it:
 * the request is then invalid (RFC 6749 § 5.2), like one that cannot be parsed.
 */
export function limitBodyParameters(most: number) {
  return (ctx: Context, next: Next): Promise<void> => {
    const read = ctx.req.iterator.bind(ctx.req)
    ctx.req.iterator = (options) => counted(read(options), most)
    return next()
  }
}

async function* counted(chunks: AsyncIterable<Buffer>, most: number): AsyncGenerator<Buffer, undefined> {
  let parameters = 1
  for await (const chunk of chunks) {
    for (let at = chunk.indexOf(ampersand); at >= 0; at = chunk.indexOf(ampersand, at + 1))
      if (++parameters > most) throw new RangeError('too many parameters')
    yield chunk
  }
  return undefined
}
