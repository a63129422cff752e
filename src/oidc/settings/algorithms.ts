import type { Configuration } from 'oidc-provider'

/** What tokens are signed with: ES256 unless the client asks for another; `none` and HMAC never (security.md, "tokens"). */
export const idTokenAlgorithms = ['ES256', 'RS256', 'PS256'] as const

/** The algorithms oidc-provider may use; clients may prove themselves with the same and with Ed25519 (RFC 9864). */
export const enabledAlgorithms: Configuration['enabledJWA'] = {
  idTokenSigningAlgValues: [...idTokenAlgorithms],
  clientAuthSigningAlgValues: [...idTokenAlgorithms, 'EdDSA', 'Ed25519'],
  dPoPSigningAlgValues: [...idTokenAlgorithms, 'EdDSA', 'Ed25519'],
}
