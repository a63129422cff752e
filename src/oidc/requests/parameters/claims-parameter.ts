import { type ClaimsParameter, errors, type KoaContextWithOIDC } from 'oidc-provider'
import { reachableAcrs } from '../../../domain/factors.ts'

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
  for (const place of ['userinfo', 'id_token'] as const) assertList(narrowed[place]?.sub, `${place}.sub`)
  const acr = narrowed.id_token?.acr
  assertList(acr, 'id_token.acr')
  const { params } = ctx.oidc
  if (!params) return
  params.claims = JSON.stringify(narrowed)
  if (!isEssential(acr)) return
  assertReachable(acr)
  // oidc-provider would put this wish in the place of the demand.
  params.acr_values = undefined
}

type ClaimRequest = { essential?: unknown; value?: unknown; values?: unknown }

const isEssential = (request: unknown): request is ClaimRequest =>
  Boolean((request as ClaimRequest | null | undefined)?.essential)

function assertList(request: unknown, name: string): void {
  const { values } = (request ?? {}) as ClaimRequest
  if (values !== undefined && !Array.isArray(values))
    throw new errors.InvalidRequest(`invalid claims.${name}.values type`)
}

/** Refuses before anybody signs in what no sign-in would meet; `value` and `values` each have to be met. */
function assertReachable({ value, values }: ClaimRequest): void {
  const demands = [values, value ? [value] : undefined].filter((demand): demand is unknown[] => Array.isArray(demand))
  if (demands.every((demand) => demand.some((one) => reachableAcrs.includes(String(one))))) return
  throw new errors.UnmetAuthenticationRequirements('none of the requested authentication contexts can be reached')
}
