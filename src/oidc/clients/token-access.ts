import type { Middleware } from 'koa'
import { type Configuration, errors, type KoaContextWithOIDC } from 'oidc-provider'
import { routes } from '../settings/routes.ts'
import type { ClientModel } from './model.ts'

type Token = { kind?: string; clientId?: string | undefined }

/**
 * An application may ask about its own tokens; servers that guard resources about the access tokens of all (RFC 7662 § 4).
 * A refresh token opens no resource: whoever takes one for an access token would be open for its 30 days.
 */
export async function introspectionAllowed(
  ctx: KoaContextWithOIDC,
  client: ClientModel,
  token: Token,
): Promise<boolean> {
  if (token.clientId === client.clientId) return true
  if (token.kind === 'RefreshToken' || client.mayIntrospect !== true || client.clientAuthMethod === 'none') return false
  // The tokens of an application that is kept out open nothing meanwhile.
  return (await ctx.oidc.provider.Client.find(token.clientId ?? '')) !== undefined
}

/** Says of an active refresh token what it is, so that its owner does not take it for an access token either. */
export const nameRefreshTokens: Middleware = async (ctx, next) => {
  await next()
  const { entities } = (ctx as unknown as Partial<KoaContextWithOIDC>).oidc ?? {}
  if (ctx.path !== routes.introspection || !entities?.RefreshToken) return
  const answer = ctx.body as { active?: boolean; token_type?: string } | undefined
  if (answer?.active) answer.token_type = 'refresh_token'
}

/** How and when the person of an access token signed in, for servers that guard resources (RFC 9470 § 6.2). */
export function signInOf(ctx: KoaContextWithOIDC): { acr?: string; auth_time?: number } | undefined {
  const { AuthorizationCode: code, RefreshToken: refreshToken } = ctx.oidc.entities
  const source = code ?? refreshToken
  return source?.authTime === undefined ? undefined : { acr: source.acr, auth_time: source.authTime }
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
 * Refuses a scope that the service was not given; oidc-provider knows those of members only, and lets any other pass.
 * @throws InvalidScope naming the scopes.
 */
export function assertServiceScopes(token: { kind: string; scope?: string | undefined }, client: ClientModel): void {
  if (token.kind !== 'ClientCredentials' || !token.scope) return
  const given = new Set(client.serviceScopes)
  const refused = token.scope.split(' ').filter((scope) => !given.has(scope))
  if (refused.length > 0) throw new errors.InvalidScope('requested scope is not allowed', refused.join(' '))
}

/** The origin of an address as browsers and web views send it; what has no host has none. */
function originOf(uri: string): string | undefined {
  const { protocol, host } = new URL(uri)
  return host === '' ? undefined : `${protocol}//${host}`
}
