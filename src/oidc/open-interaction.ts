import type { Context } from 'koa'
import type Provider from 'oidc-provider'
import { errors, type InteractionResults, type KoaContextWithOIDC } from 'oidc-provider'
import type { CookieJar } from '../http/cookies.ts'
import { isStoreAway } from '../http/errors.ts'
import { pickLanguage } from '../http/language.ts'
import { allowFormAction } from '../http/security-headers.ts'
import type { Deps } from '../journeys/deps.ts'
import { askingClient } from './asking-client.ts'
import type { ClientModel } from './clients/model.ts'
import { formActionSources } from './form-action.ts'
import { demandsSomebody, isDemanded } from './requests/demanded-subject.ts'

export type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>
export type InteractionDeps = {
  provider: Provider
  deps: Deps
  cookies: CookieJar
  /** The `sub` of an account for an application. */
  subjectOf(client: ClientModel, accountId: string): string
}

/** The uid in the address of a page. */
export const uidOf = (ctx: Context) => String((ctx as Context & { params: Record<string, string> }).params.uid ?? '')

/** Finds the interaction of this browser and names the application on the page; otherwise answers why there is none. */
export async function openInteraction(ctx: Context, settings: InteractionDeps): Promise<Interaction | null> {
  const { provider, cookies, subjectOf } = settings
  const interaction = await provider.interactionDetails(ctx.req, ctx.res).catch((error) => {
    // An interaction that cannot be looked for is not one that is gone.
    if (isStoreAway(error)) throw error
    return null
  })
  if (!interaction || interaction.uid !== uidOf(ctx)) {
    await explainMissing(ctx, settings)
    return null
  }
  const client = await provider.Client.find(String(interaction.params.client_id))
  if (client) {
    allowFormAction(ctx, formActionSources(client))
    ctx.state.application = {
      clientId: client.clientId,
      name: client.clientName ?? client.clientId,
      reviewed: client.reviewed !== false,
    }
  }
  ctx.state.loginHint = interaction.params.login_hint
  ctx.state.returnTo = interaction.returnTo
  if (client && demandsSomebody(interaction.params))
    ctx.state.isFor = (accountId: string) => isDemanded(interaction.params, subjectOf(client, accountId))
  rememberLanguage(ctx, cookies, interaction)
  return interaction
}

/** `ui_locales` of the request counts until the person chooses another language on the page. */
function rememberLanguage(ctx: Context, cookies: CookieJar, interaction: Interaction): void {
  const asked = pickLanguage(interaction.params.ui_locales as string | undefined)
  if (!asked || cookies.get(ctx, 'lang') || ctx.query.lang) return
  ctx.state.lang = asked
}

/** Why there is nothing to sign in to here, and one button that goes on (security.md, "Refuse, clearly"). */
export async function explainMissing(
  ctx: Context,
  { provider, deps, cookies }: Pick<InteractionDeps, 'provider' | 'deps' | 'cookies'>,
): Promise<void> {
  const uid = uidOf(ctx)
  const possible = /^[\w-]{10,64}$/.test(uid)
  const { journeys } = deps.stores
  const stored = possible ? ((await journeys.load(uid, 'sign-in')) ?? (await journeys.load(uid, 'consent'))) : null
  const alive = possible ? await provider.Interaction.find(uid) : undefined
  const asked = stored?.clientId ?? (alive?.params.client_id as string | undefined)
  const clientId = asked ?? (possible ? askingClient(ctx, cookies, uid) : undefined)
  const client = clientId ? await provider.Client.find(clientId) : undefined
  const model = { clientName: client?.clientName, restartPath: restartOf(client, provider.issuer) }
  // The session in which it began may have ended: by the member, by time, or with the access of the account.
  const ended = stored?.endedAt || (alive?.session?.uid && !(await provider.Session.findByUid(alive.session.uid)))
  if (alive && !alive.result && !ended) return await ctx.renderPage('sign-in/cookies-off', { model }, 400)
  if (stored?.endedAt) return await ctx.renderPage('sign-in/already-done', { model }, 410)
  await ctx.renderPage('sign-in/expired', { model }, 410)
}

/** Whether oidc-provider could not take up a request because its interaction was answered, or has ended. */
export const isInteractionGone = (ctx: KoaContextWithOIDC, error: Error): boolean =>
  ctx.oidc?.route === 'resume' && error instanceof errors.SessionNotFound

/** Where an application begins its sign-in (OpenID Connect Core, 4), else its own page, else ours. */
export function restartOf(
  client: { initiateLoginUri?: unknown; clientUri?: string } | undefined,
  issuer: string,
): string {
  if (typeof client?.initiateLoginUri === 'string')
    return `${client.initiateLoginUri}?${new URLSearchParams({ iss: issuer })}`
  return client?.clientUri ?? '/anmeldung'
}

/**
 * Hands the result of the pages over, once and for all, and leads on to oidc-provider; a click that comes after the
 * interaction was answered by another one goes the same way.
 */
export async function handOver(
  ctx: Context,
  { provider, deps }: InteractionDeps,
  result: InteractionResults,
  options = { mergeWithLastSubmission: false },
): Promise<void> {
  await provider.interactionResult(ctx.req, ctx.res, result, options).catch((error) => {
    if (!(error instanceof errors.SessionNotFound)) throw error
  })
  await deps.stores.journeys.end(uidOf(ctx), deps.clock.now())
  redirect(ctx, ctx.state.returnTo)
}

/** Answers with 303, so that a reload never sends a form again. */
export function redirect(ctx: Context, url: string): void {
  ctx.status = 303
  ctx.redirect(url)
}
