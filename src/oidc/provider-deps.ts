import type { Context } from 'koa'
import type { AdapterFactory, KoaContextWithOIDC } from 'oidc-provider'
import type { Client } from '../config/clients.ts'
import type { TrustedProxies } from '../domain/trusted-proxies.ts'
import type { Clock } from '../gateways/clock.ts'
import type { ConsentStore } from '../stores/consents.ts'
import type { PrivateJwk } from '../stores/signing-keys.ts'
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

/** Everything the provider needs from outside. */
export type ProviderDeps = {
  /** Root address without a path; it decides every address that is published and whether cookies are Secure. */
  issuer: string
  trustedProxies: TrustedProxies
  /** How many parameters a body may have. */
  bodyParameters: number
  /** Newest first: the first signs, all verify. */
  cookieKeys: readonly string[]
  clients: readonly Client[]
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
  /** `form` is ready HTML with the id `op.logoutForm`; the page adds `<button form="op.logoutForm" name="logout" value="yes">`. */
  renderLogout(ctx: KoaContextWithOIDC, form: string): Promise<void> | void
  renderLoggedOut(ctx: KoaContextWithOIDC): Promise<void> | void
  queueBackchannelLogout(logout: BackchannelLogout): Promise<void>
  log: OidcLog
}
