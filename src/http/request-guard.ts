import type { IncomingMessage } from 'node:http'
import type { ErrorCode } from '../errors.ts'

/** How much one request may bring (security.md, "work per request"). */
export type RequestLimits = {
  pathBytes: number
  queryBytes: number
  /** In the query, and as many in a form. */
  parameters: number
  cookies: number
  headers: number
  headerBytes: number
  /** Values in one header, parted by commas. */
  headerValues: number
  bodyBytes: number
}

export const defaultRequestLimits: RequestLimits = {
  pathBytes: 2048,
  queryBytes: 8192,
  parameters: 100,
  cookies: 60,
  headers: 100,
  headerBytes: 16_384,
  headerValues: 100,
  bodyBytes: 65_536,
}

export type Refusal = Extract<
  ErrorCode,
  'bad_request' | 'not_found' | 'request_timeout' | 'too_large' | 'uri_too_long' | 'headers_too_large'
>

type Refused = { code: Refusal; detail?: string }

const refusals = new WeakMap<IncomingMessage, Refused>()

/** Why the guard refuses a request, for whoever answers it; `undefined` when it may pass. */
export const refusalOf = (request: IncomingMessage): Refused | undefined => refusals.get(request)

/** Refuses a request: what it brought is taken off, so that the page that tells so parses none of it. */
export function refuse(request: IncomingMessage, code: Refusal, detail?: string): void {
  refusals.set(request, { code, detail })
  const { url = '/', headers } = request
  // The page speaks the language that the address asks for; nothing else of the query is looked at.
  const english = /[?&](lang|ui_locales)=en\b/.test(url.slice(0, 4096))
  const path = url.split('?', 1)[0] ?? '/'
  request.url = (isPlainPath(path) ? path : '/') + (english ? '?lang=en' : '')
  for (const name of Object.keys(headers)) if (name !== 'accept' && name !== 'content-type') delete headers[name]
  if ((headers.accept?.length ?? 0) > 1024) delete headers.accept
}

/** A short path of our own host: `//host/` and `/\host/` are other hosts to a browser. */
const isPlainPath = (path: string) => path.length <= 256 && /^\/(?![/\\])[^\\]*$/.test(path)

/**
 * Looks at a request before anything parses it: parsers of queries, cookies and lists take more than twice as long for
 * twice as much (koa's, for each name, all values of it). Counting here is one walk over the bytes. An absolute address
 * (RFC 9112, 3.2.2) becomes the path in it, so that no host of a requester's reaches a link.
 */
export function guardRequest(request: IncomingMessage, limits: RequestLimits): void {
  const refusal = headerRefusal(request, limits) ?? addressRefusal(request, limits) ?? bodyRefusal(request, limits)
  if (refusal === 'too_many_parameters') refuse(request, 'bad_request', 'too many parameters')
  else if (refusal) refuse(request, refusal)
}

function headerRefusal({ rawHeaders, headers, httpVersionMinor }: IncomingMessage, limits: RequestLimits) {
  if (rawHeaders.length / 2 > limits.headers) return 'headers_too_large'
  const bytes = rawHeaders.reduce((sum, text) => sum + text.length, 0)
  if (bytes > limits.headerBytes) return 'headers_too_large'
  if (count(headers.cookie ?? '', ';', limits.cookies) >= limits.cookies) return 'headers_too_large'
  if (Object.values(headers).some((value) => count(String(value), ',', limits.headerValues) >= limits.headerValues))
    return 'headers_too_large'
  // RFC 9112, 3.2: node would answer by itself, without a page.
  if (httpVersionMinor > 0 && headers.host === undefined) return 'bad_request'
  return undefined
}

function addressRefusal(request: IncomingMessage, limits: RequestLimits) {
  const absolute = /^https?:\/\/[^/?#]*/i.exec(request.url?.slice(0, limits.pathBytes) ?? '')
  if (absolute) request.url = request.url?.slice(absolute[0].length).replace(/^(?!\/)/, '/')
  const { url = '/' } = request
  const mark = url.indexOf('?')
  const [path, query] = mark < 0 ? [url, ''] : [url.slice(0, mark), url.slice(mark + 1)]
  if (path.length > limits.pathBytes || query.length > limits.queryBytes) return 'uri_too_long'
  if (query && count(query, '&', limits.parameters) >= limits.parameters) return 'too_many_parameters'
  return /^\/(?![/\\])[^\\]*$/.test(path) ? undefined : 'not_found'
}

const bodyRefusal = ({ headers }: IncomingMessage, { bodyBytes }: RequestLimits) =>
  Number(headers['content-length'] ?? 0) > bodyBytes ? 'too_large' : undefined

/** Counts a sign in a text, at most up to `enough`. */
export function count(text: string, sign: string, enough: number): number {
  let found = 0
  for (let at = text.indexOf(sign); at >= 0 && found < enough; at = text.indexOf(sign, at + 1)) found++
  return found
}
