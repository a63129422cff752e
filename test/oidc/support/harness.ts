import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import Koa from 'koa'
import type Provider from 'oidc-provider'
import type { AdapterFactory } from 'oidc-provider'
import { hashToken } from '../../../src/crypto/field-encryption.ts'
import type { Client } from '../../../src/domain/clients/client.ts'
import { passwordMtanAcr } from '../../../src/domain/factors.ts'
import { createSystemClock } from '../../../src/gateways/clock.ts'
import { createPairwiseIdentifier } from '../../../src/oidc/clients/pairwise.ts'
import { recordConsent } from '../../../src/oidc/interaction/consent.ts'
import { createProvider } from '../../../src/oidc/provider.ts'
import type { BackchannelLogout, ProviderDeps } from '../../../src/oidc/provider-deps.ts'
import { createSigningKey } from '../../../src/oidc/signing-keys.ts'
import type { Consent } from '../../../src/stores/sign-in/consents.ts'
import { registeredClient } from '../../support/clients.ts'
import { createBrowser } from './browser.ts'

export const secret = randomBytes(32).toString('base64url')
const secondSecret = randomBytes(32).toString('base64url')
export const secrets = [secret, secondSecret]

const web: Client = {
  clientId: 'portal',
  name: 'Portal',
  kind: 'web',
  environment: 'live',
  draft: false,
  firstParty: true,
  mayIntrospect: true,
  reviewed: true,
  redirectUris: ['https://portal.example/callback'],
  postLogoutRedirectUris: ['https://portal.example/'],
  backchannelLogoutUri: 'https://portal.example/backchannel',
  scopes: ['openid', 'profile', 'email', 'offline_access'],
  secretHashes: secrets.map(hashToken),
  secretsMadeHere: false,
  tokenEndpointAuthMethod: 'client_secret_basic',
  idTokenSignedResponseAlg: 'RS256',
  webOrigins: [],
  contacts: [],
}

const openly = { secretHashes: [], tokenEndpointAuthMethod: 'none', backchannelLogoutUri: undefined } as const

export const clients: Client[] = [
  web,
  {
    ...web,
    ...openly,
    clientId: 'spa',
    kind: 'single-page',
    redirectUris: ['https://spa.example/app.html'],
    secretHashes: [],
  },
  {
    ...web,
    clientId: 'third',
    firstParty: false,
    mayIntrospect: false,
    redirectUris: ['https://third.example/callback'],
  },
  {
    ...web,
    clientId: 'fourth',
    firstParty: false,
    mayIntrospect: false,
    redirectUris: ['https://fourth.example/callback'],
    idTokenSignedResponseAlg: 'PS256',
  },
  {
    ...web,
    ...openly,
    clientId: 'app',
    kind: 'native',
    redirectUris: ['org.example.app:/callback', 'http://127.0.0.1/callback'],
    secretHashes: [],
  },
  {
    ...web,
    clientId: 'service',
    kind: 'service',
    redirectUris: [],
    postLogoutRedirectUris: [],
    backchannelLogoutUri: undefined,
    scopes: ['reports:read'],
  },
]

export type Harness = Awaited<ReturnType<typeof startHarness>>

const signingKeys = Promise.all([createSigningKey('ES256'), createSigningKey('RS256'), createSigningKey('PS256')])

/** Starts an issuer on a free port; whoever is sent to `/anmeldung/<uid>` is signed in as `member` at once. */
export async function startHarness(
  adapterFactory: AdapterFactory,
  { clients: registered = clients, ...overrides }: Partial<ProviderDeps> & { clients?: Client[] } = {},
) {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const issuer = overrides.issuer ?? address
  const state = {
    member: 'account-1' as string | undefined,
    active: new Set(['account-1', 'account-2']),
    acr: passwordMtanAcr,
    consents: new Map<string, Consent>(),
    logouts: [] as BackchannelLogout[],
    faults: [] as object[],
    interactions: [] as { prompt: string; reasons: readonly string[]; params: Record<string, unknown> }[],
  }
  const consents = memoryConsents(state.consents)
  const provider = createProvider({
    issuer,
    trustedProxies: { hops: 0 },
    bodyParameters: 100,
    cookieKeys: ['key-of-the-test'],
    findClient: async (clientId) => found(registered.find((client) => client.clientId === clientId)),
    serviceScopes: ['reports:read'],
    privateClientHosts: [],
    adapterFactory,
    signingKeys: await signingKeys,
    pairwise: await createPairwiseIdentifier({ derivationSecret: async () => 'c2VjcmV0LW9mLXRoZS10ZXN0' }, new Date()),
    clock: createSystemClock(),
    findAccount: async (accountId) =>
      state.active.has(accountId) ? { accountId, claims: () => allClaims } : undefined,
    consents,
    now: () => new Date(),
    renderError: (ctx, out) => {
      ctx.type = 'html'
      ctx.body = `<h1>${out.error}</h1>`
    },
    renderUnavailable: async (ctx) => {
      ctx.type = 'html'
      ctx.body = '<h1>unavailable</h1>'
    },
    renderRefusal: async (ctx, error) => {
      ctx.status = error.status
      ctx.body = { error: error.code }
    },
    renderMissing: async (ctx) => {
      ctx.status = 400
      ctx.type = 'html'
      ctx.body = '<h1>missing</h1>'
    },
    renderSignOut: (ctx, { form }) => {
      ctx.body = form
    },
    renderSignedOut: (ctx, { form, refresh }) => {
      ctx.body = `<h1>signed out</h1><meta http-equiv="refresh" content="0; url=${refresh}">${form}`
    },
    signedOut: () => {},
    secretUsed: () => {},
    queueBackchannelLogout: async (logout) => void state.logouts.push(logout),
    log: { info: () => {}, warn: () => {}, error: (fields) => void state.faults.push(fields) },
    ...overrides,
  })
  server.on('request', application(provider, state, consents))
  return {
    issuer: address,
    provider,
    state,
    browser: () => createBrowser(issuer),
    close: () => new Promise<void>((resolve) => void closeServer(server, resolve)),
  }
}

const found = (client: Client | undefined) => client && registeredClient({}, client)

function closeServer(server: Server, done: () => void): void {
  server.close(done)
  server.closeAllConnections()
}

const allClaims = { given_name: 'Erika', email: 'erika@example.invalid', email_verified: true, phone_number: '+49' }

function memoryConsents(records: Map<string, Consent>) {
  const keyOf = (accountId: string, clientId: string) => `${accountId} ${clientId}`
  return {
    use: async (accountId: string, clientId: string) => records.get(keyOf(accountId, clientId)) ?? null,
    async grant({
      accountId,
      clientId,
      scopes,
      now,
    }: {
      accountId: string
      clientId: string
      scopes: readonly string[]
      now: Date
    }) {
      records.set(keyOf(accountId, clientId), {
        accountId,
        clientId,
        scopes: [...scopes],
        grantedAt: now,
        changedAt: now,
      })
    },
  }
}

type State = { member: string | undefined; acr: string; interactions: object[] }

function application(provider: Provider, state: State, consents: ReturnType<typeof memoryConsents>) {
  const app = new Koa()
  app.use(async (ctx) => {
    if (!ctx.path.startsWith('/anmeldung/')) {
      ctx.respond = false
      return void (await provider.callback()(ctx.req, ctx.res))
    }
    const interaction = await provider.interactionDetails(ctx.req, ctx.res)
    const { name, reasons } = interaction.prompt
    state.interactions.push({ prompt: name, reasons, params: interaction.params })
    const result =
      name === 'consent'
        ? {
            consent: {
              grantId:
                (await recordConsent(provider, interaction, async ({ grantId, ...consent }) => {
                  await consents.grant({ ...consent, now: new Date() })
                  return grantId
                })) ?? undefined,
            },
          }
        : state.member
          ? { login: { accountId: state.member, acr: state.acr, amr: ['pwd', 'sms', 'mfa'] } }
          : { error: 'access_denied', error_description: 'cancelled' }
    await provider.interactionFinished(ctx.req, ctx.res, result, { mergeWithLastSubmission: name === 'consent' })
    ctx.respond = false
  })
  return app.callback()
}

/** PKCE pair (RFC 7636 § 4). */
export function pkce() {
  const verifier = randomBytes(32).toString('base64url')
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') }
}

export const randomId = () => randomUUID()
