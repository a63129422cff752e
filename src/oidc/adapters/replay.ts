import { createHash } from 'node:crypto'
import { decodeJwt } from 'jose'
import { errors } from 'oidc-provider'

/**
 * How long, in seconds, the id of a signed proof is kept beyond what oidc-provider asks for: a DPoP proof may be dated
 * five minutes ahead and is then good for ten, while oidc-provider remembers it for five.
 */
export const replayMargin = 5 * 60

type Request = { oidc?: { params?: { client_assertion?: unknown } | undefined } }

/**
 * Names the error for an id that was used before: `invalid_client` for a client assertion (RFC 7523 § 3, jti),
 * `invalid_dpop_proof` for a DPoP proof (RFC 9449 § 11.1). `id` is oidc-provider's digest of issuer and jti.
 */
export function replayed(id: string, request: object | undefined): Error {
  const assertion = (request as Request | undefined)?.oidc?.params?.client_assertion
  if (typeof assertion === 'string' && digestOf(assertion) === id)
    return new errors.InvalidClientAuth('client assertion tokens must only be used once')
  return new errors.InvalidDpopProof('DPoP proof was already used')
}

function digestOf(assertion: string): string {
  const { iss, jti } = decodeJwt(assertion)
  return createHash('sha256').update(`${iss}${jti}`).digest('base64url')
}
