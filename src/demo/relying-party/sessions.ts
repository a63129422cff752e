import { randomBytes } from 'node:crypto'
import type * as client from 'openid-client'

/** A sign-in that has been sent to the issuer and not come back yet. */
export type Attempt = {
  verifier: string
  nonce: string
  /** Seconds, as asked for with `max_age`. */
  maxAge?: number
  acrValues?: string
}

/** Who is signed in, and with which tokens. */
export type SignedIn = {
  idToken: string
  claims: client.IDToken
  accessToken: string
  refreshToken?: string
  scope?: string
  userInfo?: client.UserInfoResponse
  acrValues?: string
  /** How often the tokens have been renewed. */
  renewals: number
}

/** What the demonstration remembers of one browser. */
export type Session = {
  id: string
  /** Sign-ins under way by `state`, so that two tabs do not disturb each other. */
  attempts: Map<string, Attempt>
  signedIn?: SignedIn
  /** `state` of a sign-out under way. */
  signOutState?: string
  /** Shown once on the next page. */
  notice?: string
  /** The last token request of this session, done or under way. */
  busy?: Promise<void>
  /** Milliseconds since 1970. */
  expiresAt: number
}

/** Sessions in memory: they end with the process, which is enough for a demonstration. */
export type Sessions = {
  find(id: string | undefined): Session | undefined
  create(): Session
  /** Ends sessions by `sid` when given, else by `sub` (OpenID Connect Back-Channel Logout 1.0, 2.7); returns how many. */
  endBy(match: { sid?: string; sub?: string }): number
  remove(session: Session): void
}

const lifetimeMs = 8 * 60 * 60 * 1000
const mostSessions = 10_000
const mostAttempts = 10

/** Creates the session map of one demo application. */
export function createSessions(now: () => Date): Sessions {
  const sessions = new Map<string, Session>()
  const prune = () => {
    for (const session of sessions.values()) {
      if (session.expiresAt > now().getTime() && sessions.size <= mostSessions) return
      sessions.delete(session.id)
    }
  }
  return {
    find: (id) => {
      const session = id === undefined ? undefined : sessions.get(id)
      return session && session.expiresAt > now().getTime() ? session : undefined
    },
    create: () => {
      const id = randomBytes(32).toString('base64url')
      const session: Session = { id, attempts: new Map(), expiresAt: now().getTime() + lifetimeMs }
      sessions.set(id, session)
      prune()
      return session
    },
    endBy: ({ sid, sub }) => {
      const matching = [...sessions.values()].filter(({ signedIn }) => {
        if (!signedIn || (sub !== undefined && signedIn.claims.sub !== sub)) return false
        return sid === undefined || signedIn.claims.sid === sid
      })
      if (sid === undefined && sub === undefined) return 0
      for (const session of matching) {
        delete session.signedIn
        // A sign-in under way stays: at an account switch the old session ends before the new person is back.
        if (session.attempts.size === 0) sessions.delete(session.id)
      }
      return matching.length
    },
    remove: (session) => void sessions.delete(session.id),
  }
}

/** Remembers a sign-in under way and forgets the oldest when a browser starts too many. */
export function rememberAttempt(session: Session, state: string, attempt: Attempt): void {
  session.attempts.set(state, attempt)
  for (const oldest of session.attempts.keys()) {
    if (session.attempts.size <= mostAttempts) return
    session.attempts.delete(oldest)
  }
}
