import type { Context, Middleware } from 'koa'
import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import { berlinDay } from '../domain/calendar.ts'
import { scopesOf } from '../domain/clients/scopes.ts'
import { birthdateClaim } from '../domain/partial-day.ts'
import { fullName } from '../domain/person-name.ts'
import { type Clock, createSystemClock } from '../gateways/clock.ts'
import type { RedisGateway } from '../gateways/redis/redis.ts'
import { createCookieJar } from '../http/cookies.ts'
import { newReference, showRefusal } from '../http/errors.ts'
import { createArtefactAdapterFactory } from '../oidc/adapters/artefact-adapter.ts'
import { createRedisArtefactStore } from '../oidc/adapters/redis.ts'
import { isKeptOut } from '../oidc/clients/lookup.ts'
import type { ClientModel } from '../oidc/clients/model.ts'
import { createPairwiseIdentifier, subjectOf } from '../oidc/clients/pairwise.ts'
import { explainMissing, isInteractionGone } from '../oidc/missing-interaction.ts'
import { createProvider } from '../oidc/provider.ts'
import type { BackchannelLogout, ProviderDeps } from '../oidc/provider-deps.ts'
import { oncePerRequest } from '../oidc/requests/once-per-request.ts'
import { restartOf } from '../oidc/restart.ts'
import { cookieNames } from '../oidc/settings/cookies.ts'
import { wordsOf } from '../oidc/words.ts'
import type { Database } from '../stores/database.ts'
import { createOidcArtefactStore } from '../stores/oidc-artefacts.ts'
import { type ChangingProvider, createChangingProvider } from './changing-provider.ts'
import type { Services } from './services.ts'

type Settings = {
  config: Config
  issuer: string
  services: Services
  log: Logger
  clock: Clock
  knex: Database
  /** Holds the artefacts; unset: the database does. */
  redis: RedisGateway | undefined
}

export type Oidc = Awaited<ReturnType<typeof createOidc>>

/** Wires the provider with its stores, keys, applications and pages. */
export async function createOidc(settings: Settings) {
  const { config, issuer, services, log, knex, redis } = settings
  const sessionCookie = cookieNames(issuer).session
  const protocolClock = createSystemClock()
  const { encryption } = services.protection
  const store = redis ? createRedisArtefactStore(redis) : createOidcArtefactStore(knex)
  const accountOf = oncePerRequest((accountId) => findAccount(services, settings.clock, accountId))
  const settled = {
    issuer,
    trustedProxies: config.trustedProxies,
    bodyParameters: config.limits.requests.parameters,
    cookieKeys: config.secrets.cookieKeys.map((key) => key.secret.toString('base64')),
    findClient: services.clients.directory.find,
    privateClientHosts: config.privateClientHosts,
    adapterFactory: createArtefactAdapterFactory({
      ...{ store, encryption },
      signInsCount: async (accountId) => (await accountOf(accountId))?.signInsFrom,
    }),
    pairwise: await createPairwiseIdentifier(services.stores.signingKeys, protocolClock.now()),
    clock: protocolClock,
    findAccount: accountOf,
    consents: services.stores.consents,
    now: settings.clock.now,
    log,
    async queueBackchannelLogout(payload: BackchannelLogout) {
      const at = settings.clock.now()
      const expiresAt = new Date(at.getTime() + 110_000)
      await services.transaction((unit) => unit.send({ kind: 'backchannel_logout', payload, expiresAt }, at))
    },
    signedOut: (event: SignedOut) => recordSignOut(event, services, settings.clock, log),
    ...createPages(settings),
  }
  // The adapter is one for all: it remembers which uses are being answered, whichever provider answers them.
  const changing = await createChangingProvider({
    signingKeys: services.signingKeys,
    summaries: services.stores.signingKeys.summaries,
    scopes: async () => [...scopesOf(await services.clients.resources())],
    create: (signingKeys, serviceScopes) => createProvider({ ...settled, signingKeys, serviceScopes }),
  })
  // A switch of accounts ends a session, too.
  changing.prepare((provider) => {
    provider.on('end_session.success', (ctx) => {
      const accountId = ctx.oidc.session?.accountId
      if (accountId) settled.signedOut({ accountId, clientId: ctx.oidc.client?.clientId })
    })
  })
  return {
    /** The provider that answers now; ask for it anew with every request. */
    get provider() {
      return changing.provider
    },
    changing,
    /** The `sub` of an account for an application. */
    subjectOf: (client: ClientModel, accountId: string) => subjectOf(client, accountId, settled.pairwise),
    /** Hands protocol requests over to oidc-provider; `pages` draws its pages. */
    mount: (pages: Middleware): Middleware => mount(changing, pages),
    /** Whether the browser brings a session; it may have ended meanwhile. */
    signedIn: (ctx: Context) => Boolean(ctx.cookies.get(sessionCookie, { signed: true })),
    ping: async () => void (await (redis ? redis.ping() : store.find('Session', 'health'))),
  }
}

type SignedOut = Parameters<ProviderDeps['signedOut']>[0]

/** A session that its member ended stands in the audit log. */
function recordSignOut(event: SignedOut, services: Services, clock: Clock, log: Logger): void {
  services
    .transaction((unit) => unit.audit.signedOut({ at: clock.now(), ...event }))
    .catch((err) => log.error({ err }, 'sign-out not recorded'))
}

/** An account may be used by applications while it is active; whoever is suspended or ended is signed out. */
async function findAccount(services: Services, clock: Clock, accountId: string) {
  const account = await services.stores.accounts.find(accountId)
  if (account?.state !== 'active') return undefined
  // Death, guardian or the end of the grace count at once, also for sessions and refresh tokens.
  const decision = await services.standing.review(services.stores, account, clock.now())
  if (decision.change !== 'none') return undefined
  return {
    accountId,
    signInsFrom: account.signInsFrom,
    async claims() {
      const person = await services.stores.insuredPersons.findByInsuranceNumber(account.insuranceNumber)
      const covered = person !== null && (!person.coverageTo || person.coverageTo >= berlinDay(clock.now()))
      return {
        // A claim without a value is left out (OpenID Connect Core 1.0, 5.3.2): some people have one name only.
        given_name: person?.givenName || undefined,
        family_name: person?.familyName || undefined,
        name: person ? fullName(person) : undefined,
        birthdate: person ? birthdateClaim(person.birthDate) : undefined,
        preferred_username: account.username,
        email: account.email,
        email_verified: true,
        phone_number: account.mobile,
        phone_number_verified: true,
        insurance_number: account.insuranceNumber,
        insurer_number: account.insurerNumber,
        insurance_status: covered ? 'active' : 'ended',
      }
    },
  }
}

/** Pages of oidc-provider in our design; faults get the same reference number as everywhere. */
function createPages({
  issuer,
  log,
  services,
}: Settings): Pick<
  ProviderDeps,
  'renderError' | 'renderUnavailable' | 'renderRefusal' | 'renderMissing' | 'renderSignOut' | 'renderSignedOut'
> {
  const cookies = createCookieJar({ secure: issuer.startsWith('https://') })
  const renderMissing: ProviderDeps['renderMissing'] = (ctx, provider, uid) =>
    explainMissing(ctx, { provider, deps: services.journeyDeps, cookies }, uid)
  return {
    renderMissing,
    async renderError(ctx, out, error) {
      const { uid = '' } = ctx.params as { uid?: string }
      if (isInteractionGone(ctx, error)) {
        // The request that ended it has given the browser its session.
        ctx.remove('Set-Cookie')
        return await renderMissing(ctx, ctx.oidc.provider, uid)
      }
      const reference = newReference()
      log.info({ reference, ...wordsOf(error) }, 'OIDC request refused')
      const client = ctx.oidc?.client
      const model = {
        status: ctx.status,
        kind: isKeptOut(ctx) ? 'application_suspended' : 'oidc',
        reference,
        oidcError: out.error,
        oidcDescription: out.error_description,
        backTo: { name: client?.clientName ?? 'Meine AOK', url: restartOf(client, issuer) },
      }
      await ctx.renderPage('error', { model }, ctx.status)
    },
    async renderUnavailable(ctx, err) {
      const reference = newReference()
      log.error({ reference, reason: 'unavailable', err }, 'refused')
      const retryAfter = Number(ctx.response.get('Retry-After'))
      await ctx.renderPage('error', { model: { status: 503, kind: 'unavailable', reference, retryAfter } }, 503)
    },
    async renderRefusal(ctx, error) {
      // Only who names HTML gets a page: programs send a star or nothing.
      await showRefusal(ctx, error, log, /text\/html|application\/xhtml/.test(ctx.get('Accept')))
    },
    async renderSignOut(ctx, model) {
      await ctx.renderPage('sign-out/confirm', { model })
    },
    async renderSignedOut(ctx, { refresh, ...model }) {
      await ctx.renderPage('sign-out/done', { model, ...(refresh && { refresh }) })
    },
  }
}

function mount(changing: ChangingProvider, pages: Middleware): Middleware {
  changing.prepare((provider) => void provider.middleware.unshift(pages as never))
  return async (ctx, next) => {
    if (!/^\/(oidc|\.well-known)(\/|$)/.test(ctx.path)) return await next()
    ctx.respond = false
    await changing.answer(ctx.req, ctx.res)
  }
}
