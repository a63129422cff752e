import { decodeJwt } from 'jose'
import type { KoaContextWithOIDC } from 'oidc-provider'
import type { ClientModel } from '../../clients/model.ts'

/**
 * Gives a first-party application the `offline_access` back that it asked for. oidc-provider drops the scope unless
 * `prompt=consent` is sent (OpenID Connect Core § 11: "unless other conditions … permitting offline access are in
 * place"); for first-party applications, which have no consent page, being first-party is that condition.
 * Runs after the check of scopes as the validator of the parameter `scope`.
 */
export function restoreOfflineAccess(ctx: KoaContextWithOIDC, scope: string | undefined, client: ClientModel): void {
  const { params } = ctx.oidc
  if (!params || !client.firstParty || scope?.split(' ').includes('offline_access')) return
  if (!client.grantTypeAllowed('refresh_token') || !client.scope?.split(' ').includes('offline_access')) return
  if (askedScope(ctx).includes('offline_access')) params.scope = [scope, 'offline_access'].filter(Boolean).join(' ')
}

/** The scope as it was sent: in the query, in the body of a pushed request, or in the request that was pushed before. */
function askedScope(ctx: KoaContextWithOIDC): string[] {
  const pushed = ctx.oidc.entities.PushedAuthorizationRequest?.request
  const asked = pushed ? decodeJwt(pushed).scope : (ctx.oidc.body?.scope ?? ctx.query.scope)
  return typeof asked === 'string' ? asked.split(' ') : []
}
