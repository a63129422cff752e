import type Router from '@koa/router'
import type { Context } from 'koa'
import { claimsOfScope } from './claims.ts'
import { recordConsent } from './consent.ts'
import { type Interaction, type InteractionDeps, openInteraction, redirect } from './open-interaction.ts'

const path = '/anmeldung/:uid/einwilligung'

/** Adds the consent page of third-party applications: what is shared, with whom, in plain words (contract.md). */
export function addConsentRoutes(router: Router, settings: InteractionDeps): void {
  const { deps } = settings
  router.get(path, async (ctx) => {
    const interaction = await openConsent(ctx, settings)
    if (!interaction) return
    const { application } = ctx.state
    const scopes = requestedScopes(interaction).map((scope) => ({ scope, claims: claimsOfScope(scope) }))
    await ctx.renderPage('sign-in/consent', {
      action: ctx.path,
      cancelPath: ctx.path.replace(/einwilligung$/, 'abbrechen'),
      asking: { name: application.name, reviewed: application.reviewed },
      model: { clientName: application.name, reviewed: application.reviewed, scopes },
    })
  })
  router.post(path, async (ctx) => {
    const interaction = await openConsent(ctx, settings)
    if (!interaction) return
    const now = deps.clock.now()
    const grantId = await recordConsent(settings.provider, interaction, (consent) =>
      deps.transaction(async (unit) => {
        await unit.consents.grant({ ...consent, now })
        await unit.audit.consentGranted({ at: now, ...consent })
      }),
    )
    const result = { consent: { grantId } }
    redirect(
      ctx,
      await settings.provider.interactionResult(ctx.req, ctx.res, result, { mergeWithLastSubmission: true }),
    )
  })
}

async function openConsent(ctx: Context, settings: InteractionDeps): Promise<Interaction | null> {
  const interaction = await openInteraction(ctx, settings)
  if (!interaction || interaction.prompt.name === 'consent') return interaction
  redirect(ctx, ctx.path.replace(/\/einwilligung$/, ''))
  return null
}

const requestedScopes = (interaction: Interaction) =>
  String(interaction.params.scope ?? '')
    .split(' ')
    .filter(Boolean)
