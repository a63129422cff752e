import type Router from '@koa/router'
import type { Context } from 'koa'
import { deviceOf } from '../http/device.ts'
import { mountJourney } from '../http/mount-journey.ts'
import type { Deps } from '../journeys/deps.ts'
import type { Position } from '../journeys/journey.ts'
import { signInJourney } from '../journeys/sign-in/journey.ts'
import { type SignInState, signInState } from '../journeys/sign-in/state.ts'
import { addConsentRoutes } from './consent-routes.ts'
import { explainMissing, type InteractionDeps, openInteraction, redirect, uidOf } from './open-interaction.ts'

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
  addConsentRoutes(router, settings)
  for (const path of ['/anmeldung/:uid', '/anmeldung/:uid/:step']) {
    router.get(path, journey.show)
    router.post(path, journey.submit)
  }
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
    const state = signInJourney.first
    const begun = await journeys.begin({ id: uid, kind: 'sign-in', state, clientId, expiresAt })
    // Otherwise another request began it at the same time and may be further already.
    if (begun) return { id: uid, version: 0, state }
    stored = await journeys.load(uid, 'sign-in')
  }
  if (!stored?.state) {
    await explainMissing(ctx, settings.provider, settings.deps)
    return null
  }
  return { id: uid, version: stored.version, state: signInState.parse(stored.state) }
}

async function finish(
  ctx: Context,
  { provider, deps }: InteractionDeps,
  position: Position<SignInState>,
): Promise<void> {
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
