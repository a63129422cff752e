import type { Context } from 'koa'
import type Provider from 'oidc-provider'
import type { ProviderDeps } from '../provider-deps.ts'

export type Session = Awaited<ReturnType<Provider['Session']['get']>>
export type RenewalDeps = Pick<ProviderDeps, 'adapterFactory'>

type Renewed = Session & {
  id: string
  oldId: string | undefined
  adapter: { destroy(id: string): Promise<void> }
  save(ttl: number): Promise<string>
}

/** What is kept of an id that a session had before: its uid. */
const renewedSession = 'RenewedSession'

/** What is kept of a session that was ended, by its uid. */
const endedSession = 'EndedSession'

/** Seconds for which both are kept: no request takes so long. */
const lifetime = 600

/**
 * Lets a session get its next id (the end of each sign-in and consent) so that a sign-out in another tab at that moment finds it, and is
 * not undone. oidc-provider removes the old id first and knows nothing of an end meanwhile. Here the session can be found at every
 * moment, by its uid at the last; whether it was ended is asked after it was saved, while `keepEnded` notes the end before it looks for
 * what was saved: so one of the two finds the other.
 */
export function renewSessions(provider: Provider, { adapterFactory }: RenewalDeps): void {
  const sessions = provider.Session.prototype as unknown as Renewed
  const save = sessions.save
  sessions.save = async function (this: Renewed, ttl) {
    const { oldId, uid } = this
    if (!oldId) return await save.call(this, ttl)
    this.oldId = undefined
    const value = await save.call(this, ttl)
    await adapterFactory(renewedSession).upsert(oldId, { kind: renewedSession, uid }, lifetime)
    await this.adapter.destroy(oldId)
    if (await adapterFactory(endedSession).find(uid)) await this.adapter.destroy(this.id)
    return value
  }
}

/** The session of this browser, also where another tab has just given it an id that this request does not know yet. */
export async function findSession(ctx: Context, provider: Provider, { adapterFactory }: RenewalDeps): Promise<Session> {
  const session = await provider.Session.get(ctx as never)
  const id = session.accountId ? undefined : ctx.cookies.get(provider.cookieName('session'), { signed: true })
  const renewed = id ? await adapterFactory(renewedSession).find(id) : undefined
  return (renewed?.uid && (await provider.Session.findByUid(renewed.uid))) || session
}

/** Lets nothing bring a session back that was destroyed. */
export async function keepEnded(provider: Provider, { uid }: Session, { adapterFactory }: RenewalDeps): Promise<void> {
  await adapterFactory(endedSession).upsert(uid, { kind: endedSession }, lifetime)
  await (await provider.Session.findByUid(uid))?.destroy()
}
