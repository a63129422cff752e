import type Router from '@koa/router'
import type { Context } from 'koa'
import { claimsOfScope } from '../claims.ts'
import { redirect, redirectOut } from '../redirect-out.ts'
import { type Agreement, recordConsent } from './consent.ts'
import { handOver, type Interaction, type InteractionDeps, openInteraction } from './open-interaction.ts'

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
    const { provider } = settings
    const grantId = await recordConsent(provider, interaction, (agreement) => claim(deps, interaction.uid, agreement))
    if (grantId) return await handOver(ctx, settings, { consent: { grantId } }, { mergeWithLastSubmission: true })
    await redirectOut(ctx, interaction.returnTo, ctx.state.leadsTo)
  })
}

const day = 24 * 60 * 60 * 1000

/**
 * Claims the interaction for one click, with the consent and its event in the same transaction; whoever comes second takes
 * the grant of the first, so that all clicks lead to one code.
 */
async function claim(
  deps: InteractionDeps['deps'],
  uid: string,
  { grantId, ...agreed }: Agreement,
): Promise<string | null> {
  return await deps.transaction(async (unit) => {
    const now = deps.clock.now()
    const { clientId } = agreed
    const expiresAt = new Date(now.getTime() + day)
    if (await unit.journeys.begin({ id: uid, kind: 'consent', state: { grantId }, clientId, expiresAt })) {
      await unit.consents.grant({ ...agreed, now })
      await unit.audit.consentGranted({ at: now, ...agreed })
      return grantId
    }
    const first = await unit.journeys.load(uid, 'consent')
    return (first?.state as { grantId: string } | null | undefined)?.grantId ?? null
  })
}

/** Finds the interaction; one that is answered, or is not about consent, leads on. */
async function openConsent(ctx: Context, settings: InteractionDeps): Promise<Interaction | null> {
  const interaction = await openInteraction(ctx, settings)
  if (!interaction) return null
  if (interaction.result) redirect(ctx, interaction.returnTo)
  else if (interaction.prompt.name !== 'consent') redirect(ctx, ctx.path.replace(/\/einwilligung$/, ''))
  else return interaction
  return null
}

const requestedScopes = (interaction: Interaction) =>
  String(interaction.params.scope ?? '')
    .split(' ')
    .filter(Boolean)
