import { randomInt } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import type { Context, Middleware } from 'koa'
import type { Logger } from 'pino'
import { PublicError, StoreAway } from '../../errors.ts'
import { refusalOf } from './request-guard.ts'

/** Addresses at which machines ask, and those of them that speak OAuth. */
const machines = /^\/(oidc\/(?!auth|logout)|\.well-known\/|hooks\/|health|admin\/api\/)/
/** Where refusals are problems of RFC 9457, also what never reaches the API. */
const api = /^\/admin\/api\//
const protocol = /^\/(oidc|\.well-known)\//

/** A short number that stands on the error page and in the log, easy to say on the phone: `K7-4421`. */
export function newReference(): string {
  const letters = 'ABCDEFGHKLMNPRSTUVWXYZ'
  return `${letters[randomInt(letters.length)]}${randomInt(2, 10)}-${String(randomInt(10_000)).padStart(4, '0')}`
}

/** Turns refusals and faults into pages with a reference number that is also in the log (design.md, "Words"). */
export function createErrorPages(log: Logger): Middleware {
  return async (ctx, next) => {
    try {
      await next()
      if (ctx.status === 404 && ctx.body === undefined && ctx.respond !== false) throw new PublicError('not_found')
    } catch (thrown) {
      if (isAnsweredElsewhere(ctx)) return
      // Who sends JSON reads JSON.
      const asPage = !ctx.is('json') && ctx.accepts('html', 'json') !== 'json' && !machines.test(ctx.path)
      await showRefusal(ctx, toPublicError(thrown), log, asPage)
    }
  }
}

/** Refused by node's parser while it was worked on, and answered there: what comes of that is no fault of ours. */
export const isAnsweredElsewhere = (ctx: Pick<Context, 'req' | 'headerSent'>): boolean =>
  ctx.headerSent && refusalOf(ctx.req) !== undefined

/** Node's words for a request whose connection ended before its body did. */
const isCutShort = (thrown: unknown) =>
  thrown instanceof Error && (thrown as { code?: string }).code === 'ECONNRESET' && thrown.message === 'aborted'

/** The requester's connection broke: people leave the network, and that is no fault of ours. */
export const hasHungUp = ({ req }: Pick<Context, 'req'>, error: unknown): boolean =>
  isCutShort(error) || (error !== null && error === req.socket.errored)

/** Answers what the guard at the listener has refused. */
export const answerRefused: Middleware = (ctx, next) => {
  const refusal = refusalOf(ctx.req)
  if (refusal) throw new PublicError(refusal.code, refusal)
  return next()
}

/** Answers a refusal as a page, or as JSON, with a reference number that is also in the log. */
export async function showRefusal(ctx: Context, error: PublicError, log: Logger, asPage: boolean): Promise<void> {
  const reference = newReference()
  // Shed load is announced once a period; a line of level error for each would drown it.
  const level = error.status >= 500 && !ctx.state.shed ? 'error' : 'info'
  log[level]({ reference, reason: error.code, detail: error.message, ...causeOf(error) }, 'refused')
  if (ctx.headerSent) return
  if (error.retryAfter) ctx.set('Retry-After', String(error.retryAfter))
  if (!asPage && api.test(ctx.path)) {
    ctx.status = error.status
    const title = STATUS_CODES[error.status]
    ctx.body = { type: 'about:blank', title, status: error.status, detail: error.message, reference }
    ctx.type = 'application/problem+json'
    return
  }
  if (!asPage) {
    ctx.status = error.status
    ctx.body = protocol.test(ctx.path)
      ? { error: oauthErrorOf(error), error_description: error.message, reference }
      : { error: error.code, reference }
    return
  }
  const kind = error.code === 'csrf' ? 'forbidden' : error.code
  const { status, retryAfter } = error
  // The page of a form that was refused; its own address only, whatever the path looks like.
  const again = error.code === 'csrf' ? ctx.path.replace(/^[/\\]+/, '/') : undefined
  await ctx.renderPage('error', { model: { status, kind, reference, retryAfter, again } }, status)
}

/** The word of RFC 6749 § 5.2; what has none there, an address or method that does not exist, keeps ours. */
function oauthErrorOf({ code, status }: PublicError): string {
  if (status >= 500) return 'server_error'
  return code === 'not_found' || code === 'method_not_allowed' ? code : 'invalid_request'
}

/** What a requester caused is told by the kind of the fault: its message may quote what was sent. */
function causeOf({ status, cause }: PublicError): object {
  if (status >= 500) return { err: cause }
  return cause instanceof Error ? { fault: cause.name, faultCode: (cause as { code?: string }).code } : {}
}

function toPublicError(thrown: unknown): PublicError {
  if (thrown instanceof PublicError) return thrown
  if (isCutShort(thrown)) return new PublicError('bad_request', { detail: 'request ended early', cause: thrown })
  const status = (thrown as { status?: number } | null)?.status
  if (status === 413) return new PublicError('too_large', { cause: thrown })
  if (status && status >= 400 && status < 500) return new PublicError('bad_request', { cause: thrown })
  if (isStoreAway(thrown)) return new PublicError('unavailable', { cause: thrown, retryAfter: 10 })
  return new PublicError('internal', { cause: thrown })
}

/** Connection errors of Node. */
const unreachable = /^(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN)$/

/**
 * What PostgreSQL answers when it cannot serve now (PostgreSQL documentation, appendix A): classes 08, 53 and 57P, a deadlock or
 * conflict, a server that takes no writes any more, a transaction that idled, a lock or an answer that took too long.
 */
const cannotServe = /^(08\w{3}|53\w{3}|57P\w{2}|40P01|40001|25006|25P03|55P03|57014)$/

/** Faults of node-postgres and knex, which have no code; knex writes the statement before them. */
const brokenConnection = new RegExp(
  `(^| - )(${[
    'Connection terminated( unexpectedly| due to connection timeout)?',
    'Client (has encountered a connection error|was closed) and is not queryable',
    'Query read timeout|timeout expired|timeout exceeded when trying to connect',
    'Unable to acquire a connection',
  ].join('|')})$`,
)

/** PostgreSQL or Redis cannot be reached, or cannot serve now. */
export function isStoreAway(thrown: unknown): boolean {
  if (thrown instanceof StoreAway) return true
  if (isCutShort(thrown)) return false
  const { code, name, syscall, message } = (thrown ?? {}) as Partial<NodeJS.ErrnoException>
  if (name === 'KnexTimeoutError') return true
  // The socket of the embedded database is gone.
  if (code === 'ENOENT') return syscall === 'connect'
  return code ? unreachable.test(code) || cannotServe.test(code) : brokenConnection.test(message ?? '')
}
