import { type ClaimsParameter, errors, type KoaContextWithOIDC } from 'oidc-provider'
import { reachableAcrs } from '../claims.ts'

const protocolClaims = new Set(['acr', 'auth_time', 'sub', 'sid', 'amr'])

/**
 * Narrows the `claims` parameter to claims of the protocol: what a member shares is asked for by scope, so that the
 * consent page tells all of it (OpenID Connect Core § 5.5 lets a provider leave other claims out).
 * @throws InvalidRequest when a member is malformed, UnmetAuthenticationRequirements when an essential `acr` cannot be
 * reached by any sign-in (OpenID Connect Core § 5.5.1.1, unmet_authentication_requirements).
 */
export function narrowClaimsParameter(ctx: KoaContextWithOIDC, claims: ClaimsParameter): void {
  const narrowed: Record<string, Record<string, unknown>> = {}
  for (const place of ['userinfo', 'id_token'] as const) {
    const requested = Object.entries(claims[place] ?? {})
    for (const [, request] of requested)
      if (request !== null && (typeof request !== 'object' || Array.isArray(request)))
        throw new errors.InvalidRequest(`claims.${place} members must be null or objects`)
    narrowed[place] = Object.fromEntries(requested.filter(([name]) => protocolClaims.has(name)))
  }
  if (ctx.oidc.params) ctx.oidc.params.claims = JSON.stringify(narrowed)
  assertReachable(narrowed.id_token?.acr)
}

function assertReachable(acr: unknown): void {
  const { essential, value, values } = (acr ?? {}) as { essential?: unknown; value?: unknown; values?: unknown }
  if (essential !== true) return
  if (values !== undefined && !Array.isArray(values))
    throw new errors.InvalidRequest('invalid claims.id_token.acr.values type')
  const wanted = [...(values ?? []), ...(value === undefined ? [] : [value])]
  if (wanted.length === 0 || wanted.some((one) => reachableAcrs.includes(one))) return
  throw new errors.UnmetAuthenticationRequirements('none of the requested authentication contexts can be reached')
}
