import { type Configuration, errors, type KoaContextWithOIDC } from 'oidc-provider'
import type { ClientModel } from './model.ts'

type Token = { clientId?: string | undefined }

/** An application may ask about its own tokens; first-party servers, which guard resources, about all (RFC 7662 § 4). */
export function introspectionAllowed(_ctx: KoaContextWithOIDC, client: ClientModel, token: Token): boolean {
  if (token.clientId === client.clientId) return true
  return client.firstParty === true && client.clientAuthMethod !== 'none'
}

/**
 * An application may revoke its own tokens only (RFC 7009 § 2.1); a public one learns nothing about others.
 * @throws InvalidRequest for a confidential application that presents another's token.
 */
export function revocationAllowed(_ctx: KoaContextWithOIDC, client: ClientModel, token: Token): boolean {
  if (token.clientId === client.clientId) return true
  if (client.clientAuthMethod === 'none') return false
  throw new errors.InvalidRequest('client is not authorized to revoke the presented token')
}

/**
 * Lets the pages of a public client call the endpoints (CORS, Fetch Standard § 3.2): those of its redirect addresses, and the
 * origins it has registered, as web views have them (`capacitor://localhost`).
 */
export const clientBasedCORS: Configuration['clientBasedCORS'] = (_ctx, origin, client) => {
  if (client.clientAuthMethod !== 'none') return false
  const { redirectUris = [], webOrigins = [] } = client as ClientModel
  return webOrigins.includes(origin) || redirectUris.some((uri) => originOf(uri) === origin)
}

/**
 * Refuses a scope that the service was not given; oidc-provider lets a client without registered scopes have any.
 * @throws InvalidScope naming the scopes.
 */
export function assertServiceScopes(token: { kind: string; scope?: string | undefined }, client: ClientModel): void {
  if (token.kind !== 'ClientCredentials' || !token.scope) return
  const given = new Set(client.scope?.split(' '))
  const refused = token.scope.split(' ').filter((scope) => !given.has(scope))
  if (refused.length > 0) throw new errors.InvalidScope('requested scope is not allowed', refused.join(' '))
}

/** The origin of an address as browsers and web views send it; what has no host has none. */
function originOf(uri: string): string | undefined {
  const { protocol, host } = new URL(uri)
  return host === '' ? undefined : `${protocol}//${host}`
}
