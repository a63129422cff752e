/**
 * Scopes by which an application of members asks for what the issuer itself knows of them: userinfo is their resource (contract.md,
 * "OpenID Connect").
 */
export const memberScopes = ['openid', 'profile', 'email', 'phone', 'insurance', 'offline_access'] as const

/** An interface that services call with a token, and the scopes that it knows. */
export type Resource = { name: string; scopes: string[] }

/** What services may be given of the HTTP API at `/admin/api/v1`: a resource that every installation has. */
export const adminScopes = [
  'admin:clients:read',
  'admin:clients:write',
  'admin:audit:read',
  'admin:staff:read',
  'admin:approvals:read',
  'admin:keys:read',
  'admin:letters:read',
  'admin:letters:write',
  'admin:members:read',
  'admin:members:write',
] as const
export type AdminScope = (typeof adminScopes)[number]

const administrative = new Set<string>(adminScopes)

/**
 * The scopes of the administration that `scopes` have and `held` have not. Who holds them is not to be made or changed by somebody who
 * lacks them: a secret of such a service would be the way to more than was given.
 */
export const scopesBeyond = (scopes: readonly string[], held: readonly string[]): string[] =>
  scopes.filter((scope) => administrative.has(scope) && !held.includes(scope))

/** RFC 6749 § 3.3. */
export const scopePattern = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/** Finds scopes that mean something else already: each is of one resource, and none of members. */
export function resourceFaults(resources: readonly Resource[]): { index: number; scope: number; message: string }[] {
  const owners = new Map<string, string>([
    ...memberScopes.map((scope) => [scope, 'members'] as const),
    ...adminScopes.map((scope) => [scope, 'administration'] as const),
  ])
  return resources.flatMap(({ name, scopes }, index) =>
    scopes.flatMap((scope, place) => {
      const owner = owners.get(scope)
      owners.set(scope, name)
      return owner ? [{ index, scope: place, message: `${scope} is a scope of ${owner} already; choose another` }] : []
    }),
  )
}

/** Every scope that a service may be given: those of the administration, and of the resources. */
export const scopesOf = (resources: readonly Resource[]): Set<string> =>
  new Set([...adminScopes, ...resources.flatMap(({ scopes }) => scopes)])
