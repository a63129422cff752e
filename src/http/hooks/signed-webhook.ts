import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/**
 * How a call from outside proves where it comes from. `hmac`: over `<timestamp>.<raw body>`, the timestamp in seconds
 * or milliseconds since the epoch, at most `maxAge` seconds off. `token`: a fixed secret in a header.
 */
export type WebhookAuthentication =
  | {
      type: 'hmac'
      secret: string
      header: string
      timestampHeader: string
      algorithm: 'sha256' | 'sha512'
      encoding: 'hex' | 'base64'
      /** Stands before the signature in its header. */
      prefix: string
      maxAge: number
    }
  | { type: 'token'; secret: string; header: string }

type Headers = IncomingMessage['headers']

/** Tells whether a call is from the one who knows the secret; a replay after `maxAge` is not. Compares in constant time. */
export function isAuthentic(authentication: WebhookAuthentication, headers: Headers, body: Buffer, now: Date): boolean {
  const given = headerOf(headers, authentication.header)
  if (given === undefined) return false
  if (authentication.type === 'token') return equal(given, authentication.secret)
  const { secret, timestampHeader, algorithm, encoding, prefix, maxAge } = authentication
  const timestamp = headerOf(headers, timestampHeader)
  if (timestamp === undefined || !isFresh(timestamp, maxAge, now)) return false
  const signature = createHmac(algorithm, secret).update(`${timestamp}.`).update(body).digest(encoding)
  return equal(given, prefix + signature)
}

function headerOf(headers: Headers, name: string): string | undefined {
  const value = headers[name.toLowerCase()]
  return typeof value === 'string' ? value : undefined
}

/** Ten digits are seconds, thirteen are milliseconds; anything else is no timestamp. */
function isFresh(timestamp: string, maxAge: number, now: Date): boolean {
  if (!/^(\d{10}|\d{13})$/.test(timestamp)) return false
  const at = Number(timestamp) * (timestamp.length === 10 ? 1000 : 1)
  return Math.abs(now.getTime() - at) <= maxAge * 1000
}

/** Digests are of one length, so that nothing tells the length of the secret. */
function equal(one: string, other: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(one), digest(other))
}

/** Reads the body as it came, at most `limit` bytes; `undefined` when it is longer. */
export async function readRawBody(request: IncomingMessage, limit: number): Promise<Buffer | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > limit) return undefined
  const parts: Buffer[] = []
  let length = 0
  // Read to its end even when it is too long: leaving the loop would cut the connection before the answer.
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length
    if (length <= limit) parts.push(part)
    if (length > 100 * limit) return undefined
  }
  return length > limit ? undefined : Buffer.concat(parts)
}
