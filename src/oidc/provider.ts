import type { Context, Next } from 'koa'
import Provider, { type Configuration } from 'oidc-provider'
import { memberScopes } from '../domain/clients/scopes.ts'
import { reachableAcrs } from '../domain/factors.ts'
import { createCookieJar } from '../http/cookies.ts'
import { createClientAddress } from '../http/middleware/client-address.ts'
import { scopeClaims } from './claims.ts'
import { assertionsEndSoon } from './clients/assertions.ts'
import { registrationSettings } from './clients/check.ts'
import { createKeptKeySets } from './clients/kept-key-sets.ts'
import { keySetSettings, rereadKeySets } from './clients/key-sets.ts'
import { createClientAdapter, explainKeptOut, sayKeptOut } from './clients/lookup.ts'
import { extendClientModel, responseModes } from './clients/model.ts'
import { sectorOf } from './clients/pairwise.ts'
import { assertServiceScopes, clientBasedCORS, nameRefreshTokens, signInOf } from './clients/token-access.ts'
import { createLeftAnswer, isAgreed, limitGrants } from './clients/what-is-left.ts'
import { createFormAction } from './form-action.ts'
import { noteBegun } from './interaction/begun-here.ts'
import { leadToFirstPage } from './interaction/first-page.ts'
import { createGrantLoader } from './interaction/grants.ts'
import { createInteractionPolicy } from './interaction/interaction-policy.ts'
import { keepProofs } from './interaction/step-up.ts'
import type { ErrorOut, ProviderDeps } from './provider-deps.ts'
import { reportEvents } from './report-events.ts'
import { noteArrival } from './requests/arrival.ts'
import { answerTooLargeBodies } from './requests/body-limit.ts'
import { limitBodyParameters } from './requests/parameters/body-parameters.ts'
import { restoreOfflineAccess } from './requests/parameters/offline-access.ts'
import { assertParameterSizes } from './requests/parameters/parameter-sizes.ts'
import { refuseWithoutPkce } from './requests/parameters/pkce.ts'
import { createPostedRequest } from './requests/posted-request.ts'
import { createPublicAddress } from './requests/public-address.ts'
import { createResumeGuard } from './requests/resume-here.ts'
import { answerStoreAway } from './requests/store-away.ts'
import { createStrayedRequest } from './requests/strayed-request.ts'
import { cookieSettings } from './settings/cookies.ts'
import { defaultLifetimes, lifetimeSettings } from './settings/lifetimes.ts'
import { routes } from './settings/routes.ts'
import { noteSwitchedAccounts } from './sign-out/after-sign-out.ts'
import { renewSessions } from './sign-out/session-renewal.ts'
import { createSignOut } from './sign-out/sign-out.ts'

/**
 * Creates the OpenID Provider: a koa application that answers discovery and `/oidc/…` and sends members to
 * `/anmeldung/<uid>`. Middleware added with `provider.use` runs before the endpoints.
 */
export function createProvider(deps: ProviderDeps): Provider {
  const keySets = createKeptKeySets()
  const provider = new Provider(deps.issuer, {
    ...protocolSettings(deps),
    ...keySetSettings(deps, keySets),
    ...memberSettings(deps),
    adapter: createClientAdapter(deps),
    jwks: { keys: [...deps.signingKeys] },
    renderError: (ctx, out, error) => deps.renderError(ctx, explainKeptOut(ctx, out as ErrorOut), error),
  })
  extendClientModel(provider, deps)
  limitGrants(provider)
  keepProofs(provider)
  renewSessions(provider, deps)
  rereadKeySets(provider, deps.clock, keySets)
  reportEvents(provider, deps.log)
  noteSwitchedAccounts(provider, deps.signedOut)
  answerTooLargeBodies(provider)
  provider.use(noteArrival)
  provider.use(createStrayedRequest(deps.renderRefusal))
  answerStoreAway(provider, deps.renderUnavailable)
  provider.use(createPublicAddress(deps.issuer))
  provider.use(createClientAddress(deps.trustedProxies))
  provider.use(limitBodyParameters(deps.bodyParameters))
  provider.use(createFormAction())
  provider.use(describeForApplications)
  provider.use(nameRefreshTokens)
  provider.use(createLeftAnswer(provider, deps))
  provider.use(sayKeptOut)
  provider.use(leadToFirstPage)
  provider.use(createPostedRequest(deps.renderRefusal))
  provider.use(createResumeGuard(provider, cookiesOf(deps), (ctx, uid) => deps.renderMissing(ctx, provider, uid)))
  provider.use(createSignOut(provider, deps))
  return provider
}

/** Authorization code with PKCE S256 for all, service accounts, rotating refresh tokens; nothing else (RFC 9700). */
function protocolSettings(deps: ProviderDeps): Configuration {
  return {
    routes,
    cookies: cookieSettings(deps.issuer, deps.cookieKeys),
    ttl: lifetimeSettings({ ...defaultLifetimes, ...deps.lifetimes }, deps.clock),
    ...(registrationSettings(deps.serviceScopes) as Configuration),
    assertJwtClientAuthClaimsAndHeader: assertionsEndSoon(() => deps.clock.now()),
    pkce: { required: refuseWithoutPkce },
    allowOmittingSingleRegisteredRedirectUri: false,
    rotateRefreshToken: () => true,
    extraTokenClaims: (ctx, token) => {
      if (token.client) assertServiceScopes(token, token.client)
      return signInOf(ctx)
    },
    clientBasedCORS,
    discovery: { ui_locales_supported: ['de', 'en'] },
  }
}

/** Who signs in, what applications learn about them, and which pages that takes. */
function memberSettings(deps: ProviderDeps): Configuration {
  const cookies = cookiesOf(deps)
  return {
    claims: Object.fromEntries(Object.entries(scopeClaims).map(([scope, claims]) => [scope, [...claims]])),
    conformIdTokenClaims: true,
    acrValues: [...reachableAcrs],
    pairwiseIdentifier: (_ctx, accountId, client) => deps.pairwise(sectorOf(client), accountId),
    interactions: {
      policy: createInteractionPolicy(deps),
      url(ctx, { uid }) {
        noteBegun(ctx, cookies, uid, deps.clock.now())
        return `/anmeldung/${uid}`
      },
    },
    loadExistingGrant: createGrantLoader(deps),
    // oidc-provider drops offline_access without prompt=consent; see `restoreOfflineAccess`.
    extraParams: { scope: checkAndRestore },
    async findAccount({ oidc }, accountId, token) {
      const account = await deps.findAccount(accountId)
      if (!account || (token && oidc.client && !(await isAgreed(token, oidc.client, deps)))) return undefined
      return {
        accountId: account.accountId,
        signInsFrom: account.signInsFrom,
        claims: async (use, scope) => ({
          sub: account.accountId,
          ...(use === 'userinfo' ? await account.claims(scope.split(' ')) : {}),
        }),
      }
    },
  }
}

const cookiesOf = ({ issuer }: ProviderDeps) => createCookieJar({ secure: issuer.startsWith('https://') })

/** Runs where oidc-provider has put a request together, before anything of it is stored. */
function checkAndRestore(...given: Parameters<typeof restoreOfflineAccess>): void {
  assertParameterSizes(given[0])
  restoreOfflineAccess(...given)
}

/** The discovery document names what applications of members may use; oidc-provider's lists go further. */
async function describeForApplications(ctx: Context, next: Next): Promise<void> {
  await next()
  if (ctx.path.startsWith('/.well-known/') && ctx.status === 200)
    Object.assign(ctx.body as object, { response_modes_supported: responseModes, scopes_supported: memberScopes })
}
