/**
 * Claims by scope (contract.md, "OpenID Connect"; OpenID Connect Core 1.0 § 5.4). What `openid` carries stands in every
 * ID token; what the other scopes carry comes from userinfo only.
 */
export const scopeClaims = {
  openid: ['sub', 'acr', 'amr', 'auth_time'],
  profile: ['given_name', 'family_name', 'name', 'birthdate', 'preferred_username'],
  email: ['email', 'email_verified'],
  phone: ['phone_number', 'phone_number_verified'],
  insurance: ['insurance_number', 'insurer_number', 'insurance_status'],
} as const

/** The claims about the member that a scope lets the application read; empty for `openid` and `offline_access`. */
export function claimsOfScope(scope: string): readonly string[] {
  if (scope === 'openid' || !Object.hasOwn(scopeClaims, scope)) return []
  return scopeClaims[scope as keyof typeof scopeClaims]
}
