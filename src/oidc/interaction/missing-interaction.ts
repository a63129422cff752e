import type { Context } from 'koa'
import type Provider from 'oidc-provider'
import { errors, type KoaContextWithOIDC } from 'oidc-provider'
import type { CookieJar } from '../../http/cookies.ts'
import { probeCookies } from '../../http/middleware/cookie-probe.ts'
import { allowFormAction } from '../../http/middleware/security-headers.ts'
import type { StoresOf } from '../../journeys/deps.ts'
import { askingClient } from '../asking-client.ts'
import { routes } from '../settings/routes.ts'
import { begunHere } from './begun-here.ts'
import { restartOf } from './restart.ts'

type Settings = { provider: Provider; deps: StoresOf<'journeys'>; cookies: CookieJar }
type Interaction = { params: Record<string, unknown> }

/** A request that is longer is not begun anew by a link (security.md, "work per request"). */
const longestQuery = 6 * 1024

/**
 * Answers why there is nothing to sign in to at this address, and with one button that leads on to the application that
 * asked (security.md, "Refuse, clearly"). That cookies are off is said only when a cookie did not come back.
 */
export async function explainMissing(ctx: Context, settings: Settings, uid: string): Promise<void> {
  const { provider, deps, cookies } = settings
  allowFormAction(ctx, [])
  const known = /^[\w-]{10,64}$/.test(uid)
  const { journeys } = deps.stores
  const stored = known ? ((await journeys.load(uid, 'sign-in')) ?? (await journeys.load(uid, 'consent'))) : null
  const interaction = known ? await provider.Interaction.find(uid) : undefined
  const asked = stored?.clientId ?? interaction?.params.client_id ?? (known ? askingClient(ctx, cookies) : undefined)
  const client = asked ? await provider.Client.find(String(asked)) : undefined
  const model = { clientName: client?.clientName, restartPath: restartOf(client, provider.issuer) }
  if (!interaction || (stored?.endedAt && !interaction.result))
    return await ctx.renderPage(stored?.endedAt ? 'sign-in/already-done' : 'sign-in/expired', { model }, 410)
  if (begunHere(ctx, cookies, uid) && beganHere(ctx, provider, uid)) {
    const signedIn = await provider.Session.get(ctx as never)
    const restartPath = requestAgain(interaction, client) ?? model.restartPath
    const kind = signedIn.accountId ? 'signedInAgain' : 'signedOut'
    return await ctx.renderPage('sign-in/session-ended', { model: { ...model, restartPath, kind } }, 410)
  }
  // It began in another browser, or cookies were cleared, or none is kept at all.
  const kept = probeCookies(ctx, cookies)
  if (kept !== 'asked')
    await ctx.renderPage(kept === 'kept' ? 'sign-in/other-browser' : 'sign-in/cookies-off', { model }, 400)
}

/** Whether oidc-provider could not take up a request because its interaction was answered, or has ended. */
export const isInteractionGone = (ctx: KoaContextWithOIDC, error: Error): boolean =>
  ctx.oidc?.route === 'resume' && error instanceof errors.SessionNotFound

/** Whether the cookies of the sign-in are here: then it is not the browser that is in the way, but its session that ended. */
function beganHere(ctx: Context, provider: Provider, uid: string): boolean {
  return (['interaction', 'resume'] as const).some(
    (name) => ctx.cookies.get(provider.cookieName(name), { signed: true }) === uid,
  )
}

/** The same request again: the application still waits for the answer to it. Pushed ones can be used once. */
function requestAgain(
  { params }: Interaction,
  client: { requirePushedAuthorizationRequests?: boolean } | undefined,
): string | undefined {
  if (client?.requirePushedAuthorizationRequests) return undefined
  const given = Object.entries(params).filter(([name, value]) => value !== undefined && !/^request(_uri)?$/.test(name))
  const query = new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)]))
  return query.size > 0 && String(query).length < longestQuery ? `${routes.authorization}?${query}` : undefined
}
