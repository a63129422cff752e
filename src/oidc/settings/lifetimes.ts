import type { Configuration } from 'oidc-provider'
import { oldestProof } from '../../domain/factors.ts'
import type { Clock } from '../../gateways/clock.ts'
import { proofsOf } from '../interaction/step-up.ts'

/** Lifetimes in seconds (security.md, "sessions"). */
export type Lifetimes = {
  code: number
  accessToken: number
  idToken: number
  /** Counted from the sign-in that issued the first one; rotation does not lengthen it. */
  refreshToken: number
  sessionIdle: number
  sessionMaximum: number
  interaction: number
}

export const defaultLifetimes: Lifetimes = {
  code: 60,
  accessToken: 10 * 60,
  idToken: 10 * 60,
  refreshToken: 30 * 24 * 60 * 60,
  sessionIdle: 30 * 60,
  sessionMaximum: 8 * 60 * 60,
  interaction: 60 * 60,
}

/** Translates the lifetimes for oidc-provider: absolute ends are counted back from now. */
export function lifetimeSettings(lifetimes: Lifetimes, clock: Clock): Configuration['ttl'] {
  const now = () => Math.floor(clock.now().getTime() / 1000)
  const until = (end: number) => Math.max(1, end - now())
  return {
    AuthorizationCode: lifetimes.code,
    AccessToken: lifetimes.accessToken,
    ClientCredentials: lifetimes.accessToken,
    IdToken: lifetimes.idToken,
    Interaction: lifetimes.interaction,
    RefreshToken: (_ctx, token) => until((token.iiat ?? now()) + lifetimes.refreshToken),
    Session: (_ctx, session) => {
      // A step-up makes a session stronger, not longer.
      const begun = Math.min(session.loginTs ?? Number.POSITIVE_INFINITY, oldestProof(proofsOf(session) ?? {}))
      const end = begun + lifetimes.sessionMaximum
      return Math.min(lifetimes.sessionIdle, until(end))
    },
    // A grant outlives the last token that can be issued under it; a session can reuse it until its end.
    Grant: (_ctx, grant) => {
      const tokens = grant.getOIDCScope().split(' ').includes('offline_access')
        ? lifetimes.refreshToken
        : lifetimes.accessToken
      return lifetimes.sessionMaximum + tokens
    },
  }
}
