import type { EventEmitter } from 'node:events'
import type { Context } from 'koa'
import type { KoaContextWithOIDC } from 'oidc-provider'
import { hasHungUp, isAnsweredElsewhere } from '../http/middleware/errors.ts'
import { keySetFault } from './clients/key-sets.ts'
import type { OidcLog } from './provider-deps.ts'
import { wordsOf } from './words.ts'

/** Requests that an application or a browser got wrong: for whoever helps an integrator. */
const refusals = [
  'authorization.error',
  'grant.error',
  'userinfo.error',
  'revocation.error',
  'introspection.error',
  'pushed_authorization_request.error',
  'end_session_confirm.error',
] as const

/** Writes oidc-provider's errors to the log: protocol words and the client id, never parameters or tokens. */
export function reportEvents(provider: EventEmitter, log: OidcLog): void {
  // koa would print what no endpoint has caught.
  provider.on('error', (err: Error, ctx?: Context) => {
    if (!ctx || !(isAnsweredElsewhere(ctx) || hasHungUp(ctx, err))) log.error({ err }, 'fault in the OpenID Provider')
  })
  provider.on('server_error', (ctx: KoaContextWithOIDC, err: Error) => {
    if (!isAnsweredElsewhere(ctx) && !hasHungUp(ctx, err))
      log.error({ err, endpoint: ctx.oidc?.route }, 'fault in the OpenID Provider')
  })
  for (const event of refusals)
    provider.on(event, (ctx: KoaContextWithOIDC, error: Error) => {
      const clientId = ctx.oidc?.client?.clientId
      const keySet = keySetFault(error)
      if (keySet) log.warn({ clientId, keySet }, 'key set of an application cannot be read')
      log.info({ event, clientId, ...wordsOf(error) }, 'request refused')
    })
  provider.on('backchannel.error', (_ctx: KoaContextWithOIDC, err: Error, client: { clientId: string }) => {
    log.error({ err, clientId: client.clientId }, 'logout token could not be queued')
  })
}
