import type { Context, Middleware } from 'koa'
import { type BounceReport, readBounceReports } from '../../gateways/email/email-bounce-reports.ts'
import { isAuthentic, readRawBody, type WebhookAuthentication } from './signed-webhook.ts'

type Settings = {
  secret: string
  /** Bytes of a body. */
  limit: number
  /** Time of the machine: signatures are of the world outside. */
  now(): Date
  reported(report: BounceReport): Promise<unknown>
  log: { warn(detail: object, message: string): void; error(detail: object, message: string): void }
}

/** Seconds that a signature may be old: a report that somebody has recorded is worth nothing later. */
const maxAge = 300

/**
 * Takes reports of the relay about e-mails that came back, at `POST /hooks/email-bounces`, signed with HMAC-SHA-256 over
 * `<timestamp>.<body>`. 204 whether or not the e-mail is known; 401 for a wrong or old signature; 400 for what cannot be
 * read; 503 when it shall come again.
 */
export function createEmailBounceHook(settings: Settings): Middleware {
  return async (ctx, next) => {
    if (ctx.method !== 'POST' || ctx.path !== '/hooks/email-bounces') return await next()
    const status = await answer(settings, ctx)
    // The body first: koa sets 204 by itself with an empty one.
    ctx.body = ''
    ctx.status = status
  }
}

async function answer({ secret, limit, now, reported, log }: Settings, ctx: Context): Promise<number> {
  const body = await readRawBody(ctx.req, limit)
  if (!body) return 413
  if (!isAuthentic(authenticationWith(secret), ctx.headers, body, now())) {
    log.warn({}, 'bounce report refused: its signature does not fit')
    return 401
  }
  const reports = readBounceReports(body.toString('utf8'))
  if (!reports) {
    log.warn({}, 'bounce report cannot be read')
    return 400
  }
  try {
    for (const report of reports) await reported(report)
    return 204
  } catch (error) {
    log.error({ err: error }, 'bounce report could not be noted')
    return 503
  }
}

const authenticationWith = (secret: string): WebhookAuthentication => ({
  type: 'hmac',
  secret,
  header: 'X-Signature',
  timestampHeader: 'X-Timestamp',
  algorithm: 'sha256',
  encoding: 'hex',
  prefix: 'sha256=',
  maxAge,
})
