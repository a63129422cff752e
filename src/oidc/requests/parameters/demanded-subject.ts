import { decodeJwt } from 'jose'

type Parameters = Record<string, unknown>
type SubjectRequest = { value?: unknown; values?: unknown } | null | undefined

/**
 * Tells whether a request may be answered for the person with this `sub`: the one of its `id_token_hint` (OpenID Connect
 * Core § 3.1.2.1) and the one that its `claims` parameter names (§ 5.5.1). Both have been validated when the request came.
 */
export function isDemanded(params: Parameters, sub: string): boolean {
  return demandsOf(params).every((allowed) => allowed.includes(sub))
}

/** Whether a request is for somebody in particular. */
export const demandsSomebody = (params: Parameters): boolean => demandsOf(params).length > 0

function demandsOf(params: Parameters): unknown[][] {
  const demands: unknown[][] = []
  if (typeof params.id_token_hint === 'string') demands.push([decodeJwt(params.id_token_hint).sub])
  if (typeof params.claims !== 'string') return demands
  const claims: Record<string, { sub?: SubjectRequest } | undefined> = JSON.parse(params.claims)
  for (const { sub } of [claims.id_token ?? {}, claims.userinfo ?? {}]) {
    if (sub?.value !== undefined) demands.push([sub.value])
    if (Array.isArray(sub?.values)) demands.push(sub.values)
  }
  return demands
}
