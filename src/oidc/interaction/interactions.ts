import type Router from '@koa/router'
import type { Context } from 'koa'
import type { InteractionResults } from 'oidc-provider'
import { signInOf } from '../../domain/factors.ts'
import { noteSignIn } from '../../http/known-browser.ts'
import { browserOf, keepBrowser } from '../../http/middleware/browser.ts'
import { mountJourney } from '../../http/mount-journey.ts'
import type { Position } from '../../journeys/journey.ts'
import { beginSignIn } from '../../journeys/sign-in/beginning.ts'
import { type SignInDeps, signInJourney } from '../../journeys/sign-in/journey.ts'
import { passwordStep } from '../../journeys/sign-in/password.ts'
import { type SignInState, signInState } from '../../journeys/sign-in/state.ts'
import type { NewJourney } from '../../stores/sign-in/journeys.ts'
import { rememberAsking } from '../asking-client.ts'
import { redirect, redirectOut } from '../redirect-out.ts'
import { addConsentRoutes } from './consent-routes.ts'
import { explainMissing } from './missing-interaction.ts'
import { handOver, type Interaction, type InteractionDeps, openInteraction, uidOf } from './open-interaction.ts'
import { stepUpOf } from './step-up.ts'

const firstPath = passwordStep.path

const baseOf = (ctx: Context) => `/anmeldung/${uidOf(ctx)}`

/**
 * Mounts the sign-in journey as the interaction of oidc-provider. The result is handed over once, at the end;
 * no session begins before that (mission.md, "Nothing half signed in").
 */
export function addInteractionRoutes(router: Router, settings: InteractionDeps): void {
  const { deps } = settings
  const journey = mountJourney<SignInState, SignInDeps>({
    journey: signInJourney,
    deps,
    clock: deps.clock,
    base: baseOf,
    locate: (ctx) => locate(ctx, settings),
    request: (ctx) => ({
      journeyId: uidOf(ctx),
      address: ctx.ip,
      browser: browserOf(ctx),
      language: ctx.state.lang,
      loginHint: ctx.state.loginHint,
      application: ctx.state.application,
      isFor: ctx.state.isFor,
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
    await redirectOut(ctx, interaction.returnTo, ctx.state.leadsTo)
    return null
  }
  if (interaction.prompt.name === 'consent') {
    redirect(ctx, `${baseOf(ctx)}/einwilligung`)
    return null
  }
  const { journeys } = settings.deps.stores
  const uid = interaction.uid
  const answers = ctx.method === 'POST'
  // The first form that is sent begins the journey.
  const begins = answers && ctx.path.endsWith(`/${firstPath}`) && !stepUpOf(interaction)
  let stored = begins
    ? await journeys.loadOrBegin(begun(interaction, signInJourney.first, settings))
    : await journeys.load(uid, 'sign-in')
  if (!stored) {
    const state = await beginSignIn(stepUpOf(interaction), settings.deps, { browser: browserOf(ctx) })
    // Looking at the page stores nothing.
    if (!answers) {
      rememberAsking(ctx, settings.cookies, uid, String(interaction.params.client_id))
      return { id: uid, version: 0, state }
    }
    // Otherwise another request began it at the same time and may be further already.
    if (await journeys.begin(begun(interaction, state, settings))) return { id: uid, version: 0, state }
    stored = await journeys.load(uid, 'sign-in')
  }
  if (!stored?.state) {
    await explainMissing(ctx, settings, uid)
    return null
  }
  return { id: uid, version: stored.version, state: signInState.parse(stored.state) }
}

/** A journey at its beginning. It is remembered for a day longer than the interaction. */
function begun({ uid, params }: Interaction, state: SignInState, { deps }: InteractionDeps): NewJourney {
  const expiresAt = new Date(deps.clock.now().getTime() + 24 * 60 * 60 * 1000)
  return { id: uid, kind: 'sign-in', state, clientId: String(params.client_id), expiresAt }
}

async function finish(ctx: Context, settings: InteractionDeps, position: Position<SignInState>): Promise<void> {
  if (position.state.step === 'finished') {
    noteSignIn(ctx, settings.cookies)
    // Its last step made this browser known.
    keepBrowser(ctx, settings.cookies)
  }
  await handOver(ctx, settings, resultOf(position.state))
}

function resultOf(state: SignInState): InteractionResults {
  if (state.step === 'otherPerson')
    return { error: 'login_required', error_description: 'the request is for another person' }
  if (state.step !== 'finished') throw new Error(`sign-in has no page for ${state.step}`)
  const { accountId, proofs } = state
  const { acr, amr, authTime: ts } = signInOf(proofs)
  return { login: { accountId, acr, amr, ts, proofs, remember: true } }
}

async function cancel(ctx: Context, settings: InteractionDeps): Promise<void> {
  const interaction = await openInteraction(ctx, settings)
  if (!interaction) return
  // Answered by another click: what it said counts.
  if (interaction.result) return await redirectOut(ctx, interaction.returnTo, ctx.state.leadsTo)
  // What ends is remembered as ended, also where no form was sent before.
  if (interaction.prompt.name === 'login')
    await settings.deps.stores.journeys.begin(begun(interaction, signInJourney.first, settings))
  const refusal = { error: 'access_denied', error_description: 'the person cancelled the sign-in' }
  await handOver(ctx, settings, refusal)
}
