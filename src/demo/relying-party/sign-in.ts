import * as client from 'openid-client'
import { type Attempt, rememberAttempt, type Session, type SignedIn } from './sessions.ts'

/** The answer does not belong to a sign-in that this browser started. */
export class UnknownStateError extends Error {
  override name = 'UnknownStateError'
}

/** What the demonstration lets a visitor try out in the authorization request (OpenID Connect Core, 3.1.2.1). */
const passThrough = ['prompt', 'max_age', 'login_hint', 'ui_locales', 'acr_values', 'response_mode', 'scope'] as const

/**
 * Begins a sign-in: remembers PKCE verifier, nonce and state in the session and returns the address to send the browser to
 * (RFC 9700, 2.1.1; RFC 7636).
 */
export async function beginSignIn(
  configuration: client.Configuration,
  session: Session,
  request: { redirectUri: string; scope: string; query: URLSearchParams },
): Promise<URL> {
  const verifier = client.randomPKCECodeVerifier()
  const state = client.randomState()
  const nonce = client.randomNonce()
  const parameters: Record<string, string> = { redirect_uri: request.redirectUri, scope: request.scope, state, nonce }
  for (const name of passThrough) {
    const value = request.query.get(name)
    if (value) parameters[name] = value
  }
  parameters.code_challenge = await client.calculatePKCECodeChallenge(verifier)
  parameters.code_challenge_method = 'S256'
  const maxAge = /^\d{1,9}$/.test(parameters.max_age ?? '') ? Number(parameters.max_age) : undefined
  rememberAttempt(session, state, { verifier, nonce, maxAge, acrValues: parameters.acr_values })
  return client.buildAuthorizationUrl(configuration, parameters)
}

/** Takes the sign-in that an answer belongs to out of the session; an answer counts once. Throws `UnknownStateError`. */
export function takeAttempt(session: Session | undefined, state: string | null): Attempt {
  const attempt = state === null ? undefined : session?.attempts.get(state)
  if (!session || !attempt || state === null) throw new UnknownStateError('state belongs to no sign-in of this browser')
  session.attempts.delete(state)
  return attempt
}

/**
 * Completes a sign-in: checks `iss` and `state`, exchanges the code, checks the ID token with nonce and `max_age`, reads userinfo
 * (RFC 9207; OpenID Connect Core, 3.1.3.7). Throws openid-client's errors, `AuthorizationResponseError` among them.
 */
export async function completeSignIn(
  configuration: client.Configuration,
  answer: URL | Request,
  attempt: Attempt,
  state: string,
): Promise<SignedIn> {
  const tokens = await client.authorizationCodeGrant(configuration, answer, {
    expectedState: state,
    expectedNonce: attempt.nonce,
    pkceCodeVerifier: attempt.verifier,
    maxAge: attempt.maxAge,
    idTokenExpected: true,
  })
  const claims = tokens.claims()!
  const userInfo = await client.fetchUserInfo(configuration, tokens.access_token, claims.sub)
  return {
    idToken: tokens.id_token!,
    claims,
    accessToken: tokens.access_token,
    refreshToken: tokens.refresh_token,
    scope: tokens.scope,
    userInfo,
    acrValues: attempt.acrValues,
    renewals: 0,
  }
}

/** Reads the person's claims again with the access token at hand (OpenID Connect Core, 5.3). */
export async function readUserInfo(configuration: client.Configuration, signedIn: SignedIn): Promise<SignedIn> {
  const userInfo = await client.fetchUserInfo(configuration, signedIn.accessToken, signedIn.claims.sub)
  return { ...signedIn, userInfo }
}

/**
 * Renews the tokens. The refresh token rotates: the answer's one replaces the old, which must not be sent again
 * (RFC 9700, 4.14.2). Throws when there is none or when the new ID token names somebody else (OpenID Connect Core, 12.2).
 */
export async function renewTokens(configuration: client.Configuration, signedIn: SignedIn): Promise<SignedIn> {
  if (!signedIn.refreshToken) throw new Error('no refresh token was issued')
  const tokens = await client.refreshTokenGrant(configuration, signedIn.refreshToken)
  const claims = tokens.claims()
  if (claims && claims.sub !== signedIn.claims.sub) throw new Error('the renewed ID token names another person')
  return {
    ...signedIn,
    idToken: tokens.id_token ?? signedIn.idToken,
    // The renewed ID token may leave out what only belongs to the sign-in, such as the nonce.
    claims: { ...signedIn.claims, ...claims },
    accessToken: tokens.access_token,
    refreshToken: tokens.refresh_token ?? signedIn.refreshToken,
    scope: tokens.scope ?? signedIn.scope,
    renewals: signedIn.renewals + 1,
  }
}
