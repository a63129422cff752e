import { type Configuration, errors } from 'oidc-provider'

/** Seconds for which a client assertion may be good: so long is its id remembered, which an application chooses. */
const longest = 60 * 60

/**
 * Creates oidc-provider's check of client assertions: one that is good for longer than an hour is refused (RFC 7523 § 3,
 * "an expiration time that is unreasonably far in the future").
 * @throws InvalidClientAuth
 */
export function assertionsEndSoon(now: () => Date): Configuration['assertJwtClientAuthClaimsAndHeader'] {
  return async (_ctx, claims) => {
    if (Number(claims.exp) <= now().getTime() / 1000 + longest) return
    throw new errors.InvalidClientAuth('client assertion ends more than an hour from now')
  }
}
