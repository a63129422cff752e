import type { Context } from 'koa'
import type Provider from 'oidc-provider'
import type { AdapterFactory, KoaContextWithOIDC } from 'oidc-provider'
import type { RegisteredClient } from '../domain/clients/client.ts'
import type { TrustedProxies } from '../domain/network/trusted-proxies.ts'
import type { PublicError } from '../errors.ts'
import type { Clock } from '../gateways/clock.ts'
import type { PrivateJwk } from '../stores/keys/signing-keys.ts'
import type { ConsentStore } from '../stores/sign-in/consents.ts'
import type { Lifetimes } from './settings/lifetimes.ts'

/** A member who may be signed in; `claims` answers by OpenID Connect names for the scopes granted. */
export type OidcAccount = {
  accountId: string
  /** Sessions and tokens of earlier sign-ins have ended, in seconds since the epoch. */
  signInsFrom?: number
  claims(scopes: readonly string[]): Promise<Record<string, unknown>> | Record<string, unknown>
}

/** What goes to an application when its member signs out; `logoutToken` lives 120 s from now. */
export type BackchannelLogout = { clientId: string; url: string; logoutToken: string }

/** The little of pino that is used here; nothing of tokens or persons is ever passed. */
export type OidcLog = Record<'info' | 'warn' | 'error', (fields: object, message: string) => void>

/** The error answer of oidc-provider: `error` and `error_description` by RFC 6749 § 4.1.2.1. */
export type ErrorOut = { error: string; error_description?: string; scope?: string; state?: string }

/** `form` is ready HTML with the id `op.logoutForm`, to which the page adds its buttons. */
type FormPage = {
  form: string
  clientName: string | undefined
  /** The application named an address that is not registered. */
  stranded: boolean
}

/** The question; its buttons are `logout=yes` and one without a name, which stays signed in. */
export type SignOutPage = FormPage

/** What is said afterwards. */
export type SignedOutPage = FormPage & {
  /** The person stays signed in here. */
  stays: boolean
  /** Where the page goes on to by itself. */
  refresh: string | undefined
  /** Instead of the form, where no policy can name its target. */
  link: string | undefined
  /** Whether the form leads to the application, else to our start page. */
  leadsToClient: boolean
}

/** Everything the provider needs from outside. */
export type ProviderDeps = {
  /** Root address without a path; it decides every address that is published and whether cookies are Secure. */
  issuer: string
  trustedProxies: TrustedProxies
  /** How many parameters a body may have. */
  bodyParameters: number
  /** Newest first: the first signs, all verify. */
  cookieKeys: readonly string[]
  /** Gives a client, let in or not; asked for every request that names one. */
  findClient(clientId: string): Promise<RegisteredClient | undefined>
  /** Scopes of the resources that services call; which of them a service may have, it says itself. */
  serviceScopes: readonly string[]
  /** Hosts on private addresses from which the key sets of applications may be fetched. */
  privateClientHosts: readonly string[]
  adapterFactory: AdapterFactory
  /** Current keys first (`loadSigningKeys`). */
  signingKeys: readonly PrivateJwk[]
  /** Pairwise `sub` of an account for a sector (`createPairwiseIdentifier`). */
  pairwise(sector: string, accountId: string): string
  /** The machine's own clock: protocol lifetimes never follow the development clock (contract.md). */
  clock: Clock
  lifetimes?: Partial<Lifetimes>
  /** Undefined unless the account may be signed in now: sessions and tokens of others end. */
  findAccount(accountId: string): Promise<OidcAccount | undefined>
  consents: Pick<ConsentStore, 'use'>
  /** Time of our own rules. */
  now(): Date
  renderError(ctx: KoaContextWithOIDC, out: ErrorOut, error: Error): Promise<void> | void
  /** Draws the page of a store that is away; status and headers are set. */
  renderUnavailable(ctx: Context, error: Error): Promise<void>
  /** Answers a refusal at a protocol address: a page for persons, JSON for programs. */
  renderRefusal(ctx: Context, error: PublicError): Promise<void>
  /** Says why there is no sign-in to go on with at this address. */
  renderMissing(ctx: Context, provider: Provider, uid: string): Promise<void>
  renderSignOut(ctx: Context, page: SignOutPage): Promise<void> | void
  renderSignedOut(ctx: Context, page: SignedOutPage): Promise<void> | void
  /** A member signed out; `clientId` is the application that asked. */
  signedOut(event: { accountId: string; clientId: string | undefined }): void
  /** A client has shown this secret; nobody waits for what follows. */
  secretUsed(secretId: string): void
  queueBackchannelLogout(logout: BackchannelLogout): Promise<void>
  log: OidcLog
}
