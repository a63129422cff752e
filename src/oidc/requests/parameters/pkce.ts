import { errors, type KoaContextWithOIDC } from 'oidc-provider'

/**
 * Refuses an authorization request without PKCE, which oidc-provider has found to lack `code_challenge`, with the words that an
 * integrator looks for: every library has a switch for it, most have it off (RFC 7636; RFC 9700 § 2.1.1).
 * @throws InvalidRequest
 */
export function refuseWithoutPkce(_ctx: KoaContextWithOIDC): never {
  throw new errors.InvalidRequest(
    'PKCE is required of every application: send code_challenge and code_challenge_method=S256 (switch PKCE on in your library)',
  )
}
