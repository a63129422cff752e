import { errors, interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider'
import type { ClientModel } from '../clients/model.ts'
import { subjectOf } from '../clients/pairwise.ts'
import { scopesOf } from '../clients/what-is-left.ts'
import type { ProviderDeps } from '../provider-deps.ts'
import { isDemanded } from '../requests/parameters/demanded-subject.ts'
import { createMinimumCheck, createStepUpCheck } from './step-up.ts'

const { Check, Prompt, base } = interactionPolicy

const isFirstParty = (ctx: KoaContextWithOIDC) => (ctx.oidc.client as ClientModel).firstParty === true
const justSignedIn = (ctx: KoaContextWithOIDC) => ctx.oidc.result?.login !== undefined

/**
 * Builds the prompts: oidc-provider's own for sign-in and consent, with our rules for accounts that ended, apps on
 * devices, `prompt=select_account`, authentication contexts and first-party applications.
 */
export function createInteractionPolicy({ pairwise }: Pick<ProviderDeps, 'pairwise'>) {
  const policy = base()
  const login = policy.get('login')
  const consent = policy.get('consent')
  if (!login || !consent) throw new Error('oidc-provider has no prompts login and consent')

  login.checks.add(createStillRegistered(), 0)
  login.checks.add(
    new Check(
      'account_not_active',
      'the account of the session may not be signed in',
      'login_required',
      ({ oidc: { session, account } }) =>
        session?.accountId !== undefined && (!account || (session.loginTs ?? 0) < Number(account.signInsFrom ?? 0)),
    ),
  )
  // Any app can claim a custom scheme or a loopback address: no code without the member (RFC 8252 § 8.6).
  login.checks.add(
    new Check('native_app', 'a sign-in must be seen by the member', 'interaction_required', (ctx) => {
      const claimed = String(ctx.oidc.params?.redirect_uri).startsWith('https://')
      return ctx.oidc.client?.applicationType === 'native' && isFirstParty(ctx) && !claimed && !justSignedIn(ctx)
    }),
  )
  // One account per person and browser: choosing another one is signing in again.
  login.checks.add(
    new Check(
      'select_account',
      'account selection is a new sign-in',
      'account_selection_required',
      (ctx) => ctx.oidc.prompts.has('select_account') && !justSignedIn(ctx),
    ),
  )
  for (const reason of ['essential_acr', 'essential_acrs']) failRatherThanLoop(login, reason)
  login.checks.add(createStepUpCheck())
  login.checks.add(createMinimumCheck())
  signInAgainOnce(login)
  // The hint and the claims of a request are not known any more where oidc-provider takes it up after the sign-in.
  login.checks.add(
    new Check('demanded_subject', 'the request is for another person', 'login_required', (ctx) => {
      const { session, client, params } = ctx.oidc
      if (!session?.accountId || !client || !params) return false
      if (isDemanded(params, subjectOf(client as ClientModel, session.accountId, pairwise))) return false
      if (justSignedIn(ctx)) throw new errors.LoginRequired('the request is for another person')
      return true
    }),
  )

  const selectAccount = new Prompt({ name: 'select_account', requestable: true })
  selectAccount.checks.clear()
  policy.add(selectAccount, 1)

  for (const reason of ['consent_prompt', 'native_client_prompt']) onlyThirdParty(consent, reason)
  return policy
}

type PromptOf = InstanceType<typeof Prompt>

/**
 * Creates the check that a request which is taken up after the pages still fits the registration of its application: oidc-provider
 * looks only when it comes. Before all others, whose errors go to the redirect address.
 * @throws InvalidRedirectUri, InvalidScope for what the application has lost meanwhile
 */
function createStillRegistered() {
  return new Check('still_registered', 'the request fits the registration', 'invalid_request', ({ oidc }) => {
    const client = oidc.client as ClientModel
    if (!client.redirectUriAllowed(String(oidc.params?.redirect_uri))) throw new errors.InvalidRedirectUri()
    const left = new Set(scopesOf(client))
    const lost = [...oidc.requestParamOIDCScopes].filter((scope) => !left.has(scope))
    if (lost.length > 0) throw new errors.InvalidScope('requested scope is not allowed', lost.join(' '))
    return false
  })
}

/** A sign-in that did not reach an essential `acr` is refused; asking again would never end. */
function failRatherThanLoop(prompt: PromptOf, reason: string): void {
  const check = requireCheck(prompt, reason)
  const original = check.check
  check.check = async (ctx) => {
    const unmet = await original(ctx)
    if (unmet && justSignedIn(ctx))
      throw new errors.UnmetAuthenticationRequirements('the requested authentication context was not reached')
    return unmet
  }
}

/**
 * A sign-in that has become older than `max_age` on the pages after it is asked for once more in the same request; the
 * second time the application is told, so that nobody signs in for ever.
 */
function signInAgainOnce(prompt: PromptOf): void {
  const check = requireCheck(prompt, 'max_age')
  const original = check.check
  check.check = async (ctx) => {
    if (await original(ctx)) return true
    const { session, params, entities } = ctx.oidc
    if (params?.max_age === undefined || !justSignedIn(ctx) || !session?.past(Number(params.max_age))) return false
    const { prompt: answered, lastSubmission } = entities.Interaction ?? {}
    if (answered?.name === 'login' && lastSubmission?.login)
      throw new errors.LoginRequired('the sign-in took longer than max_age')
    return true
  }
}

/** First-party applications have no consent page (contract.md), even when they ask for one. */
function onlyThirdParty(prompt: PromptOf, reason: string): void {
  const check = requireCheck(prompt, reason)
  const original = check.check
  check.check = (ctx) => (isFirstParty(ctx) ? false : original(ctx))
}

function requireCheck(prompt: PromptOf, reason: string) {
  const check = prompt.checks.get(reason)
  if (!check) throw new Error(`oidc-provider has no check ${reason}`)
  return check
}
