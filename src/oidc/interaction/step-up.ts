import type Provider from 'oidc-provider'
import { interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider'
import { type Proofs, reachableAcrs } from '../../domain/factors.ts'
import type { StepUp } from '../../journeys/sign-in/beginning.ts'

type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>
type OidcSession = NonNullable<KoaContextWithOIDC['oidc']['session']> & { proofs?: Proofs }

/** A sign-in is asked for by these reasons because of its class only; any other one means that all is proved anew. */
const reasonsOfClass = new Set(['step_up', 'essential_acr', 'essential_acrs'])

/** What was proved in a session, and when; undefined before the sign-in. */
export const proofsOf = (session: object | undefined): Proofs | undefined =>
  (session as OidcSession | undefined)?.proofs

/** Lets a session remember what was proved in it beside the claims that follow from it: a step-up asks for the rest only. */
export function keepProofs(provider: Provider): void {
  const model: { IN_PAYLOAD: string[] } = provider.Session
  Object.defineProperty(model, 'IN_PAYLOAD', { value: [...model.IN_PAYLOAD, 'proofs'] })
  provider.on('interaction.ended', ({ oidc: { session, result } }) => {
    if (session && result?.login) Object.assign(session, { proofs: result.login.proofs })
  })
}

/**
 * Creates the check that sends a session on to the factors it lacks for the classes that a request names (`acr_values`,
 * `claims.id_token.acr`; RFC 9470 § 5). With `prompt=none` a wish stays one, and so does a class that nothing reaches.
 */
export function createStepUpCheck() {
  return new interactionPolicy.Check(
    'step_up',
    'the application asks for a stronger sign-in',
    'login_required',
    ({ oidc }) => oidc.result?.login === undefined && !oidc.prompts.has('none') && wantedAcr(oidc) !== undefined,
    ({ oidc }) => ({ stepUp: { acr: wantedAcr(oidc), proofs: proofsOf(oidc.session) ?? {} } }),
  )
}

/** What an interaction asks for beyond its session; undefined: a sign-in from the beginning. */
export function stepUpOf({ prompt, session }: Interaction): StepUp | undefined {
  const { stepUp } = prompt.details as { stepUp?: Omit<StepUp, 'accountId'> }
  if (!stepUp || !session || !prompt.reasons.every((reason) => reasonsOfClass.has(reason))) return undefined
  return { accountId: session.accountId, ...stepUp }
}

/** The class that the session is to reach: the first one named that somebody can reach, unless it has one of them. */
function wantedAcr({ session, claims }: KoaContextWithOIDC['oidc']): string | undefined {
  const { value, values } = (claims?.id_token?.acr ?? {}) as { value?: unknown; values?: unknown }
  const named = [...(value === undefined ? [] : [value]), ...(Array.isArray(values) ? values : [])].map(String)
  if (!session?.accountId || named.includes(session.acr ?? '')) return undefined
  return named.find((acr) => reachableAcrs.includes(acr))
}
