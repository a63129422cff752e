import type { Configuration } from 'oidc-provider'

/**
 * What ID and logout tokens are signed with: RS256 unless the client asks for another (OpenID Connect Dynamic Client
 * Registration 1.0 § 2, which many libraries take for granted); `none` and HMAC never (security.md, "tokens").
 */
export const idTokenAlgorithms = ['RS256', 'ES256', 'PS256'] as const

/** The algorithms oidc-provider may use; clients may prove themselves with the same and with Ed25519 (RFC 9864). */
export const enabledAlgorithms: Configuration['enabledJWA'] = {
  idTokenSigningAlgValues: [...idTokenAlgorithms],
  clientAuthSigningAlgValues: [...idTokenAlgorithms, 'EdDSA', 'Ed25519'],
  dPoPSigningAlgValues: [...idTokenAlgorithms, 'EdDSA', 'Ed25519'],
}
