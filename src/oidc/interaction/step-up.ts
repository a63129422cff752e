import type Provider from 'oidc-provider'
import { errors, interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider'
import { isAtLeast, type Proofs, reachableAcrs } from '../../domain/factors.ts'
import type { StepUp } from '../../journeys/sign-in/beginning.ts'

type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>
type OidcSession = NonNullable<KoaContextWithOIDC['oidc']['session']> & { proofs?: Proofs }

/** A sign-in is asked for by these reasons because of its class only; any other one means that all is proved anew. */
const reasonsOfClass = new Set(['step_up', 'acr_minimum', 'essential_acr', 'essential_acrs'])

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

/**
 * Creates the check that no session gets an answer whose class is below what the application accepts, whatever the request names: it is
 * sent on to the factors it lacks, and refused where nobody may be asked.
 * @throws UnmetAuthenticationRequirements when the sign-in did not reach it; asking again would never end
 */
export function createMinimumCheck() {
  return new interactionPolicy.Check(
    'acr_minimum',
    'the application accepts no weaker sign-in',
    'unmet_authentication_requirements',
    ({ oidc }) => {
      const minimum = minimumOf(oidc)
      if (minimum === undefined || !oidc.session?.accountId || isAtLeast(oidc.session.acr, minimum)) return false
      if (oidc.result?.login)
        throw new errors.UnmetAuthenticationRequirements('the sign-in is weaker than the application accepts')
      return true
    },
    ({ oidc }) => {
      const [minimum, wanted] = [minimumOf(oidc) ?? '', wantedAcr(oidc)]
      const acr = wanted !== undefined && isAtLeast(wanted, minimum) ? wanted : minimum
      return { stepUp: { acr, proofs: proofsOf(oidc.session) ?? {} } }
    },
  )
}

const minimumOf = ({ client }: KoaContextWithOIDC['oidc']): string | undefined =>
  (client as { acrMinimum?: string } | undefined)?.acrMinimum

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
