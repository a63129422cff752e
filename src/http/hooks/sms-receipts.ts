import type { Context, Middleware } from 'koa'
import type { SmsReceipt } from '../../gateways/sms/driver.ts'
import { readWebhookReceipts, type WebhookReceiptSettings } from '../../gateways/sms/webhook-receipts.ts'
import { isAuthentic, readRawBody, type WebhookAuthentication } from './signed-webhook.ts'

type Gateway = WebhookReceiptSettings & { authentication: WebhookAuthentication }

type Settings = {
  /** Gateways whose receipts come by HTTP, by name. */
  gateways: ReadonlyMap<string, Gateway>
  /** Bytes of a body. */
  limit: number
  /** Time of the machine: signatures are of the world outside. */
  now(): Date
  received(gateway: string, receipt: SmsReceipt): Promise<void>
  log: { warn(detail: object, message: string): void; error(detail: object, message: string): void }
}

const path = /^\/hooks\/sms-receipts\/([a-z][a-z0-9-]{0,30})$/

/**
 * Takes delivery receipts at `POST /hooks/sms-receipts/<gateway>`. 204 whether or not the SMS is known; 401 alike for a
 * wrong signature and a gateway that does not exist; 400 for what cannot be read; 503 when it shall come again.
 */
export function createSmsReceiptHook(settings: Settings): Middleware {
  return async (ctx, next) => {
    const name = ctx.method === 'POST' ? path.exec(ctx.path)?.[1] : undefined
    if (name === undefined) return await next()
    const status = await answer(settings, ctx, name)
    // The body first: koa sets 204 by itself with an empty one.
    ctx.body = ''
    ctx.status = status
  }
}

async function answer(settings: Settings, ctx: Context, name: string): Promise<number> {
  const { gateways, limit, now, received, log } = settings
  const body = await readRawBody(ctx.req, limit)
  if (!body) return 413
  const gateway = gateways.get(name)
  if (!gateway || !isAuthentic(gateway.authentication, ctx.headers, body, now())) {
    log.warn({ gateway: gateway && name }, 'SMS receipt refused: its signature does not fit')
    return 401
  }
  const receipts = readWebhookReceipts(gateway, body.toString('utf8'))
  if (!receipts) {
    log.warn({ gateway: name }, 'SMS receipt cannot be read')
    return 400
  }
  try {
    await Promise.all(receipts.map((receipt) => received(name, receipt)))
    return 204
  } catch (error) {
    log.error({ err: error, gateway: name }, 'SMS receipt could not be noted')
    return 503
  }
}
