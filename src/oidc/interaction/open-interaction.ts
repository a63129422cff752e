import type { Context } from 'koa'
import type Provider from 'oidc-provider'
import { errors, type InteractionResults } from 'oidc-provider'
import { PublicError } from '../../errors.ts'
import type { CookieJar } from '../../http/cookies.ts'
import { pickLanguage } from '../../http/middleware/language.ts'
import { allowFormAction } from '../../http/middleware/security-headers.ts'
import type { StoresOf } from '../../journeys/deps.ts'
import type { SignInDeps } from '../../journeys/sign-in/journey.ts'
import type { ClientModel } from '../clients/model.ts'
import { formActionSources } from '../form-action.ts'
import { redirectOut } from '../redirect-out.ts'
import { demandsSomebody, isDemanded } from '../requests/parameters/demanded-subject.ts'
import { begunHere } from './begun-here.ts'
import { explainMissing } from './missing-interaction.ts'

export type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>
export type InteractionDeps = {
  provider: Provider
  deps: SignInDeps & StoresOf<'journeys'>
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
    if (!(error instanceof errors.SessionNotFound)) throw error
    return null
  })
  if (!interaction || interaction.uid !== uidOf(ctx) || !begunHere(ctx, cookies, interaction.uid)) {
    await explainMissing(ctx, settings, uidOf(ctx))
    return null
  }
  const client = await provider.Client.find(String(interaction.params.client_id))
  if (!client) throw new PublicError('application_suspended')
  // Taken out while the sign-in is open: it leads there no more, not even with a refusal.
  if (!client.redirectUriAllowed(String(interaction.params.redirect_uri)))
    throw new PublicError('bad_request', { detail: 'redirect address is not registered any more' })
  ctx.state.interaction = interaction
  ctx.state.leadsTo = String(interaction.params.redirect_uri)
  allowFormAction(ctx, formActionSources(ctx.state.leadsTo))
  ctx.state.application = {
    clientId: client.clientId,
    name: client.clientName ?? client.clientId,
    reviewed: client.reviewed !== false,
  }
  ctx.state.loginHint = interaction.params.login_hint
  ctx.state.returnTo = interaction.returnTo
  if (demandsSomebody(interaction.params))
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

/**
 * Hands the result of the pages over, once and for all, and leads on to oidc-provider; a click that comes after the
 * interaction was answered by another one goes the same way.
 */
export async function handOver(
  ctx: Context,
  { deps }: InteractionDeps,
  result: InteractionResults,
  { mergeWithLastSubmission = false } = {},
): Promise<void> {
  const interaction: Interaction = ctx.state.interaction
  // As `provider.interactionResult` does it, which would read it once more; it is saved only where it still is.
  interaction.result = mergeWithLastSubmission ? { ...interaction.lastSubmission, ...result } : result
  await interaction.persist()
  await deps.stores.journeys.end(uidOf(ctx), deps.clock.now())
  await redirectOut(ctx, ctx.state.returnTo, ctx.state.leadsTo)
}
