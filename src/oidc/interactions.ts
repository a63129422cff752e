import type Router from '@koa/router'
import type { Context } from 'koa'
import type Provider from 'oidc-provider'
import type { CookieJar } from '../http/cookies.ts'
import { deviceOf } from '../http/device.ts'
import { pickLanguage } from '../http/language.ts'
import { mountJourney } from '../http/mount-journey.ts'
import { allowFormAction } from '../http/security-headers.ts'
import type { Deps } from '../journeys/deps.ts'
import type { Position } from '../journeys/journey.ts'
import { signInJourney } from '../journeys/sign-in/journey.ts'
import { type SignInState, signInState } from '../journeys/sign-in/state.ts'
import { addConsentRoutes } from './consent-routes.ts'
import { formActionSources } from './form-action.ts'

type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>
export type InteractionDeps = { provider: Provider; deps: Deps; cookies: CookieJar }

const uidOf = (ctx: Context) => String((ctx as Context & { params: Record<string, string> }).params.uid ?? '')
const baseOf = (ctx: Context) => `/anmeldung/${uidOf(ctx)}`

/**
 * Mounts the sign-in journey as the interaction of oidc-provider. The result is handed over once, at the end;
 * no session begins before that (mission.md, "Nothing half signed in").
 */
export function addInteractionRoutes(router: Router, settings: InteractionDeps): void {
  const { deps } = settings
  const journey = mountJourney<SignInState, Deps>({
    journey: signInJourney,
    deps,
    clock: deps.clock,
    base: baseOf,
    locate: (ctx) => locate(ctx, settings),
    request: (ctx) => ({
      journeyId: uidOf(ctx),
      address: ctx.ip,
      device: deviceOf(ctx),
      language: ctx.state.lang,
      loginHint: ctx.state.loginHint,
      application: ctx.state.application,
    }),
    finish: (ctx, position) => finish(ctx, settings, position),
    locals: (ctx) => ({
      asking: ctx.state.application && { name: ctx.state.application.name, reviewed: ctx.state.application.reviewed },
      cancelPath: `${baseOf(ctx)}/abbrechen`,
    }),
  })
  router.post('/anmeldung/:uid/abbrechen', (ctx) => cancel(ctx, settings))
  addConsentRoutes(router, settings, openInteraction)
  for (const path of ['/anmeldung/:uid', '/anmeldung/:uid/:step']) {
    router.get(path, journey.show)
    router.post(path, journey.submit)
  }
}

/** Finds the interaction of this browser and names the application on the page; otherwise answers why there is none. */
async function openInteraction(ctx: Context, { provider, deps, cookies }: InteractionDeps): Promise<Interaction | null> {
  const interaction = await provider.interactionDetails(ctx.req, ctx.res).catch(() => null)
  if (!interaction || interaction.uid !== uidOf(ctx)) {
    await explainMissing(ctx, provider, deps)
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
  rememberLanguage(ctx, cookies, interaction)
  return interaction
}

/** `ui_locales` of the request counts until the person chooses another language on the page. */
function rememberLanguage(ctx: Context, cookies: CookieJar, interaction: Interaction): void {
  const asked = pickLanguage(interaction.params.ui_locales as string | undefined)
  if (!asked || cookies.get(ctx, 'lang') || ctx.query.lang) return
  ctx.state.lang = asked
}

async function locate(ctx: Context, settings: InteractionDeps): Promise<Position<SignInState> | null> {
  const interaction = await openInteraction(ctx, settings)
  if (!interaction) return null
  if (interaction.result) {
    redirect(ctx, interaction.returnTo)
    return null
  }
  if (interaction.prompt.name === 'consent') {
    redirect(ctx, `${baseOf(ctx)}/einwilligung`)
    return null
  }
  const { journeys } = settings.deps.stores
  const uid = interaction.uid
  let stored = await journeys.load(uid, 'sign-in')
  if (!stored) {
    // Remembered for a day longer than the interaction: an expired page still knows the way back.
    const expiresAt = new Date(settings.deps.clock.now().getTime() + 24 * 60 * 60 * 1000)
    const clientId = String(interaction.params.client_id)
    await journeys.begin({ id: uid, kind: 'sign-in', state: signInJourney.first, clientId, expiresAt })
    stored = await journeys.load(uid, 'sign-in')
  }
  if (!stored?.state) {
    await explainMissing(ctx, settings.provider, settings.deps)
    return null
  }
  return { id: uid, version: stored.version, state: signInState.parse(stored.state) }
}

async function finish(ctx: Context, { provider, deps }: InteractionDeps, position: Position<SignInState>): Promise<void> {
  const { state } = position
  if (state.step !== 'finished') throw new Error(`sign-in has no page for ${state.step}`)
  const login = { accountId: state.accountId, acr: state.acr, amr: state.amr, remember: true }
  const next = await provider.interactionResult(ctx.req, ctx.res, { login }, { mergeWithLastSubmission: false })
  await deps.stores.journeys.end(position.id, deps.clock.now())
  redirect(ctx, next)
}

async function cancel(ctx: Context, settings: InteractionDeps): Promise<void> {
  const interaction = await openInteraction(ctx, settings)
  if (!interaction) return
  const refusal = { error: 'access_denied', error_description: 'the person cancelled the sign-in' }
  const next = await settings.provider.interactionResult(ctx.req, ctx.res, refusal, { mergeWithLastSubmission: false })
  await settings.deps.stores.journeys.end(interaction.uid, settings.deps.clock.now())
  redirect(ctx, next)
}

/** Why there is nothing to sign in to here, and one button that goes on (security.md, "Refuse, clearly"). */
async function explainMissing(ctx: Context, provider: Provider, deps: Deps): Promise<void> {
  const uid = uidOf(ctx)
  const stored = /^[\w-]{10,64}$/.test(uid) ? await deps.stores.journeys.load(uid, 'sign-in') : null
  const alive = stored || /^[\w-]{10,64}$/.test(uid) ? await provider.Interaction.find(uid) : undefined
  const clientId = stored?.clientId ?? (alive?.params.client_id as string | undefined)
  const client = clientId ? await provider.Client.find(clientId) : undefined
  const model = { clientName: client?.clientName, restartPath: restartOf(client, provider.issuer) }
  if (alive && !alive.result && !stored?.endedAt) return await ctx.renderPage('sign-in/cookies-off', { model }, 400)
  if (stored?.endedAt) return await ctx.renderPage('sign-in/already-done', { model }, 410)
  await ctx.renderPage('sign-in/expired', { model }, 410)
}

/** Where an application begins its sign-in (OpenID Connect Core, 4), else its own page, else ours. */
export function restartOf(
  client: { initiateLoginUri?: unknown; clientUri?: string } | undefined,
  issuer: string,
): string {
  if (typeof client?.initiateLoginUri === 'string')
    return `${client.initiateLoginUri}?${new URLSearchParams({ iss: issuer })}`
  return client?.clientUri ?? '/anmeldung'
}

function redirect(ctx: Context, url: string): void {
  ctx.status = 303
  ctx.redirect(url)
}
