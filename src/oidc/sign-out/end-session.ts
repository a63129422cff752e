import type { Context } from 'koa'
import type Provider from 'oidc-provider'
import { findEvenKeptOut } from '../clients/lookup.ts'
import type { ClientModel } from '../clients/model.ts'
import type { ProviderDeps } from '../provider-deps.ts'
import { sessionCookie } from '../settings/cookies.ts'
import { keepEnded, type RenewalDeps, type Session } from './session-renewal.ts'

type Deps = RenewalDeps & Pick<ProviderDeps, 'findClient'>
type Authorization = { grantId?: string; sid?: string; persistsLogout?: boolean }
type Stored = Session & { authorizations?: Record<string, Authorization>; persist(): Promise<string> }

/**
 * Ends the session of this browser: logout tokens for all its applications, their grants (those with offline access
 * outlive it, as they say), the session, its cookie.
 */
export async function endSession(ctx: Context, provider: Provider, session: Session, deps: Deps): Promise<void> {
  const all = Object.keys((session as Stored).authorizations ?? {})
  await Promise.all(all.map((clientId) => endAuthorization(provider, session, clientId, deps)))
  await session.destroy()
  await keepEnded(provider, session, deps)
  ctx.cookies.set(provider.cookieName('session'), null, sessionCookie(provider.issuer))
}

/** Ends what one application has of the session; the person stays signed in. */
export async function leaveApplication(
  provider: Provider,
  session: Session,
  clientId: string,
  deps: Deps,
): Promise<void> {
  const { authorizations } = session as Stored
  if (!authorizations?.[clientId]) return
  await endAuthorization(provider, session, clientId, deps)
  delete authorizations[clientId]
  await (session as Stored).persist()
}

async function endAuthorization(provider: Provider, session: Session, clientId: string, deps: Deps): Promise<void> {
  const { grantId, sid, persistsLogout } = (session as Stored).authorizations?.[clientId] ?? {}
  const client = (await findEvenKeptOut(provider, deps, clientId)) as
    | (ClientModel & { backchannelLogout(accountId: string, sid: string): Promise<void> })
    | undefined
  if (client?.backchannelLogoutUri && session.accountId && sid)
    await client.backchannelLogout(session.accountId, sid).catch((error: Error) => {
      // The sign-out itself goes on: the application finds its tokens gone.
      provider.emit('backchannel.error', undefined as never, error, client, session.accountId as string, sid)
    })
  if (!grantId || persistsLogout) return
  const { AccessToken, AuthorizationCode, RefreshToken, Grant } = provider
  await Promise.all([AccessToken, AuthorizationCode, RefreshToken].map((model) => model.revokeByGrantId(grantId)))
  await (Grant as unknown as { adapter: { destroy(id: string): Promise<void> } }).adapter.destroy(grantId)
}
