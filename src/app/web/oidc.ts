import type { Context } from 'koa'
import type { Logger } from 'pino'
import type { Config } from '../../config.ts'
import { scopesOf } from '../../domain/clients/scopes.ts'
import { type Clock, createSystemClock } from '../../gateways/clock.ts'
import type { RedisGateway } from '../../gateways/redis/redis.ts'
import type { Deps } from '../../journeys/deps.ts'
import { createArtefactAdapterFactory } from '../../oidc/adapters/artefact-adapter.ts'
import { createRedisArtefactStore } from '../../oidc/adapters/redis.ts'
import { createChangingProvider } from '../../oidc/changing-provider.ts'
import type { ClientModel } from '../../oidc/clients/model.ts'
import { createPairwiseIdentifier, subjectOf } from '../../oidc/clients/pairwise.ts'
import { findAccount } from '../../oidc/find-account.ts'
import { createPages } from '../../oidc/pages.ts'
import { createProvider } from '../../oidc/provider.ts'
import { oncePerRequest } from '../../oidc/requests/parameters/once-per-request.ts'
import { cookieNames } from '../../oidc/settings/cookies.ts'
import { createAfterSignOut } from '../../oidc/sign-out/after-sign-out.ts'
import type { Database } from '../../stores/database/database.ts'
import { createOidcArtefactStore } from '../../stores/sign-in/oidc-artefacts.ts'
import type { Services } from '../services.ts'

type Settings = {
  config: Config
  issuer: string
  services: Services
  journeys: Deps
  log: Logger
  clock: Clock
  knex: Database
  /** Holds the artefacts; unset: the database does. */
  redis: RedisGateway | undefined
}

export type Oidc = Awaited<ReturnType<typeof createOidc>>

/** Wires the provider with its stores, keys, applications and pages. */
export async function createOidc(settings: Settings) {
  const { config, issuer, services, journeys, log, clock, knex, redis } = settings
  const { stores, transaction } = services
  const sessionCookie = cookieNames(issuer).session
  const protocolClock = createSystemClock()
  const { encryption } = services.protection
  const store = redis ? createRedisArtefactStore(redis) : createOidcArtefactStore(knex)
  const { standing } = services.accounts
  const accountOf = oncePerRequest((accountId) => findAccount(accountId, { stores, standing, clock }))
  const settled = {
    issuer,
    trustedProxies: config.trustedProxies,
    bodyParameters: config.limits.requests.parameters,
    cookieKeys: config.secrets.cookieKeys.map((key) => key.secret.toString('base64')),
    findClient: services.clients.directory.find,
    secretUsed: services.clients.secrets.used,
    privateClientHosts: config.privateClientHosts,
    adapterFactory: createArtefactAdapterFactory({
      ...{ store, encryption },
      signInsCount: async (accountId) => (await accountOf(accountId))?.signInsFrom,
    }),
    pairwise: await createPairwiseIdentifier(stores.signingKeys, protocolClock.now()),
    clock: protocolClock,
    findAccount: accountOf,
    consents: stores.consents,
    now: clock.now,
    log,
    ...createAfterSignOut({ transaction, clock, log }),
    ...createPages({ issuer, log, deps: journeys }),
  }
  // The adapter is one for all: it remembers which uses are being answered, whichever provider answers them.
  const changing = await createChangingProvider({
    signingKeys: services.keys.signingKeys,
    summaries: stores.signingKeys.summaries,
    scopes: async () => [...scopesOf(await services.clients.resources())],
    create: (signingKeys, serviceScopes) => createProvider({ ...settled, signingKeys, serviceScopes }),
  })
  return {
    /** The provider that answers now; ask for it anew with every request. */
    get provider() {
      return changing.provider
    },
    changing,
    /** The `sub` of an account for an application. */
    subjectOf: (client: ClientModel, accountId: string) => subjectOf(client, accountId, settled.pairwise),
    /**
     * Finds whom an access token of a service was issued to, and what it may: of what the token says, what the service still has. Tokens
     * bound to a key (RFC 9449) are no bearer tokens; whose client is kept out, are none.
     */
    async verifyToken(token: string): Promise<{ clientId: string; scopes: string[] } | undefined> {
      const found = await changing.provider.ClientCredentials.find(token)
      if (!found?.clientId || !found.isValid || found.isSenderConstrained()) return undefined
      const client = (await changing.provider.Client.find(found.clientId)) as ClientModel | undefined
      if (!client) return undefined
      const scopes = (found.scope ?? '').split(' ').filter((scope) => client.serviceScopes?.includes(scope))
      return { clientId: client.clientId, scopes }
    },
    /** Whether the browser brings a session; it may have ended meanwhile. */
    signedIn: (ctx: Context) => Boolean(ctx.cookies.get(sessionCookie, { signed: true })),
    ping: async () => void (await (redis ? redis.ping() : store.find('Session', 'health'))),
  }
}
