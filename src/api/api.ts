import Router from '@koa/router'
import type { Context, Middleware } from 'koa'
import { newReference } from '../http/middleware/errors.ts'
import type { ApiIdempotency } from '../services/operation/idempotency.ts'
import { authorize, type VerifyToken } from './authorize.ts'
import { once } from './idempotency.ts'
import type { Answer, Caller, Operation } from './operation.ts'
import { Problem, problemBody, problems, tooManyUntil, toProblem } from './problem.ts'
import { readRequest } from './read-request.ts'

const apiPath = '/admin/api/v1'

type Log = Record<'info' | 'error', (detail: object, message: string) => void>

export type ApiSettings = {
  operations: readonly Operation[]
  verify: VerifyToken
  /** Counts a request of a client; the time until which it is refused, or null. */
  limit(clientId: string): Promise<Date | null>
  idempotency: ApiIdempotency
  now(): Date
  /** Bytes of a body. */
  bodyBytes: number
  log: Log
}

const nobody: Caller = { clientId: '', scopes: [] }

/**
 * Creates the HTTP API: everything below `/admin/api/v1`, and nothing else. It knows no cookies, so no CSRF; every refusal is a problem of
 * RFC 9457 with a reference that is also in the log.
 */
export function createApi(settings: ApiSettings): Middleware {
  const router = new Router({ sensitive: true, strict: true })
  const byRoute = new Map<string, Operation>()
  for (const operation of settings.operations) {
    const path = `${apiPath}${operation.path.replace(/\{(\w+)\}/g, ':$1')}`
    router[operation.method](operation.id, path, () => {})
    byRoute.set(operation.id, operation)
  }
  return async (ctx, next) => {
    if (ctx.path !== apiPath && !ctx.path.startsWith(`${apiPath}/`)) return await next()
    ctx.set('Cache-Control', 'no-store')
    try {
      const found = match(router, ctx)
      if (found) await answer(settings, ctx, byRoute.get(found.id) as Operation, found.params)
    } catch (thrown) {
      refuse(ctx, thrown, settings.log)
    }
  }
}

/** The operation of a request; undefined when OPTIONS was answered. @throws Problem for an address or method that nobody answers */
function match(router: Router, ctx: Context): { id: string; params: Record<string, string> } | undefined {
  const { path, pathAndMethod, route } = router.match(ctx.path, ctx.method)
  const layer = route ? pathAndMethod.at(-1) : undefined
  if (layer) {
    Object.assign(ctx, { _matchedRoute: layer.path })
    return { id: String(layer.name), params: layer.params(ctx.path, layer.captures(ctx.path), {}) }
  }
  if (path.length === 0) throw new Problem('not-found', { detail: 'nothing has this address' })
  const allowed = [...new Set([...path.flatMap(({ methods }) => methods), 'OPTIONS'])].join(', ')
  if (ctx.method !== 'OPTIONS') throw new Problem('method-not-allowed', { headers: { Allow: allowed } })
  ctx.set('Allow', allowed)
  ctx.status = 204
  return undefined
}

async function answer(
  settings: ApiSettings,
  ctx: Context,
  operation: Operation,
  params: Record<string, string>,
): Promise<void> {
  const caller = operation.scope ? await authorize(ctx, operation.scope, settings.verify) : nobody
  if (operation.scope) await count(settings, caller)
  const { text, ...request } = await readRequest(operation, ctx, params, settings.bodyBytes)
  const call = {
    ...request,
    ...{ caller, actor: `client:${caller.clientId}` as const },
    ifMatch: ctx.get('If-Match') || undefined,
    ifNoneMatch: ctx.get('If-None-Match') || undefined,
  }
  const handle = async () => ofSchema(operation, await operation.handle(call))
  const key = operation.method === 'post' ? ctx.get('Idempotency-Key') : ''
  const asked = { clientId: caller.clientId, key, request: `${ctx.method} ${ctx.path}${ctx.search}\n${text}` }
  send(ctx, key ? await once(settings.idempotency, asked, handle) : await handle())
}

async function count({ limit, now }: ApiSettings, { clientId }: Caller): Promise<void> {
  const until = await limit(clientId)
  if (until) throw tooManyUntil(until, now())
}

/** What leaves is what the document says; a fault here is ours. */
function ofSchema({ answers }: Operation, { status, body, headers = {} }: Answer): Answer {
  const schema = answers[status]?.schema
  return { status, headers, body: schema?.parse(body) }
}

function send(ctx: Context, { status, body, headers = {} }: Answer): void {
  const known = ctx.method === 'GET' && headers.ETag !== undefined && ctx.get('If-None-Match') === headers.ETag
  ctx.set(headers)
  ctx.body = known || body === undefined ? null : body
  ctx.status = known ? 304 : status
}

function refuse(ctx: Context, thrown: unknown, log: Log): void {
  const problem = toProblem(thrown)
  const { status } = problems[problem.problem]
  const reference = newReference()
  const told = { reference, reason: problem.problem, status }
  if (status >= 500) log.error({ ...told, err: thrown }, 'refused')
  else log.info(told, 'refused')
  ctx.set(problem.given.headers ?? {})
  ctx.status = status
  ctx.body = problemBody(problem, reference)
  ctx.type = 'application/problem+json'
}
