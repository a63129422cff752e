import type { IncomingMessage } from 'node:http'
import type { ErrorCode } from '../../errors.ts'

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
  const language = languageOf(url, headers.cookie ?? '')
  const path = url.split('?', 1)[0] ?? '/'
  request.url = (isPlainPath(path) ? path : '/') + (language ? `?lang=${language}` : '')
  for (const name of Object.keys(headers)) if (name !== 'accept' && name !== 'content-type') delete headers[name]
  if ((headers.accept?.length ?? 0) > 1024) delete headers.accept
}

/** Notes that a request under way has been refused by node's parser: it is answered, and its handler may still be at work. */
export function refuseUnderWay(request: IncomingMessage, code: Refusal): void {
  refusals.set(request, { code })
}

/** The language that the address asks for, or that was chosen before; nothing else of query and cookies is looked at. */
function languageOf(url: string, cookie: string): string | undefined {
  const asked = /[?&](?:lang|ui_locales)=(de|en)\b/.exec(url.slice(0, 4096))?.[1]
  return asked ?? /(?:^|[; ])(?:__Host-)?lang=(de|en)(?:;|$)/.exec(cookie)?.[1]
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

/** Headers that are no lists, in which browsers and applications send commas as they like; nothing parts them there. */
const noLists = new Set(['cookie', 'referer', 'user-agent', 'authorization', 'dpop'])

function headerRefusal({ rawHeaders, headers, httpVersionMinor }: IncomingMessage, limits: RequestLimits) {
  if (rawHeaders.length / 2 > limits.headers) return 'headers_too_large'
  const bytes = rawHeaders.reduce((sum, text) => sum + text.length, 0)
  if (bytes > limits.headerBytes) return 'headers_too_large'
  if (count(headers.cookie ?? '', ';', limits.cookies) >= limits.cookies) return 'headers_too_large'
  const isLong = ([name, value]: [string, unknown]) =>
    !noLists.has(name) && count(String(value), ',', limits.headerValues) >= limits.headerValues
  if (Object.entries(headers).some(isLong)) return 'headers_too_large'
  // RFC 9112, 3.2: none, and more than one. node answers the first by itself, without a page, and takes the first of several.
  const hosts = rawHeaders.filter((text, index) => index % 2 === 0 && text.toLowerCase() === 'host').length
  return hosts > 1 || (httpVersionMinor > 0 && hosts === 0) ? 'bad_request' : undefined
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
