import { createRemoteJWKSet, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose'
import type { Configured } from './clients.ts'

const eventType = 'http://schemas.openid.net/event/backchannel-logout'
const tolerance = 60

/** What a valid logout token says: whose session ends. */
type Logout = { clientId: string; sid?: string; sub?: string }

/** Checks a logout token; throws when it is not valid, with the reason. */
type LogoutTokenCheck = (token: string, now: Date) => Promise<Logout>

/**
 * Creates the check of logout tokens (OpenID Connect Back-Channel Logout 1.0, 2.6): signature with the issuer's published keys,
 * `iss`, `aud`, `iat`, `exp`, `jti` used once, `events`, `sid` or `sub`, no `nonce`.
 */
export function createLogoutTokenCheck(configured: Configured, clientIds: string[]): LogoutTokenCheck {
  const used = new Map<string, number>()
  let keys: { uri: string; set: JWTVerifyGetKey } | undefined
  return async (token, now) => {
    const server = (await configured()).serverMetadata()
    if (!server.jwks_uri) throw new Error('the issuer publishes no keys')
    if (keys?.uri !== server.jwks_uri)
      keys = { uri: server.jwks_uri, set: createRemoteJWKSet(new URL(server.jwks_uri)) }
    const { payload, protectedHeader } = await jwtVerify(token, keys.set, {
      issuer: server.issuer,
      audience: clientIds,
      // Only asymmetric ones: the keys are public.
      algorithms: ['ES256', 'RS256', 'PS256', 'EdDSA', 'Ed25519'],
      requiredClaims: ['iat', 'exp', 'jti', 'events'],
      maxTokenAge: 300,
      clockTolerance: tolerance,
      currentDate: now,
    })
    // An ID token must never pass for a logout token; older issuers leave `typ` out.
    if (protectedHeader.typ && !['logout+jwt', 'jwt'].includes(protectedHeader.typ.toLowerCase()))
      throw new Error('typ')
    const logout = readLogout(payload, clientIds)
    useOnce(used, payload, now)
    return logout
  }
}

function readLogout(payload: JWTPayload, clientIds: string[]): Logout {
  const events = payload.events as Record<string, unknown> | null
  if (typeof events !== 'object' || typeof events?.[eventType] !== 'object') throw new Error('not a logout event')
  if ('nonce' in payload) throw new Error('nonce is not allowed')
  const sid = typeof payload.sid === 'string' ? payload.sid : undefined
  const sub = typeof payload.sub === 'string' ? payload.sub : undefined
  if (sid === undefined && sub === undefined) throw new Error('neither sid nor sub')
  const clientId = [payload.aud].flat().find((audience) => audience !== undefined && clientIds.includes(audience))!
  return { clientId, sid, sub }
}

/** A logout token is taken once; its `jti` is kept until the token would have ended anyway. */
function useOnce(used: Map<string, number>, payload: JWTPayload, now: Date): void {
  const seconds = now.getTime() / 1000
  for (const [jti, until] of used) if (until < seconds) used.delete(jti)
  const jti = String(payload.jti)
  if (used.has(jti)) throw new Error('jti was used before')
  used.set(jti, payload.exp! + tolerance)
}
