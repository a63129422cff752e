import { randomUUID, timingSafeEqual } from 'node:crypto'
import type Provider from 'oidc-provider'
import { errors } from 'oidc-provider'
import { hashToken } from '../../crypto/field-encryption.ts'
import type { ProviderDeps } from '../provider-deps.ts'
import type { SecretMetadata } from './metadata.ts'

type LibraryClient = InstanceType<Provider['Client']>

/** oidc-provider's client with our own metadata. */
export type ClientModel = LibraryClient & {
  firstParty?: boolean
  mayIntrospect?: boolean
  reviewed?: boolean
  kind?: string
  secrets?: readonly SecretMetadata[]
  initiateLoginUri?: string
  webOrigins?: readonly string[]
  acrMinimum?: string
  /** What a service may ask for. */
  serviceScopes?: readonly string[]
}

/** How an answer may travel; a fragment is for flows that do not exist here. */
export const responseModes = ['query', 'form_post']

type Seams = {
  responseModeAllowed(mode: string, responseType: string): boolean
  compareClientSecret(actual: string): boolean
  includeSid(): boolean
  backchannelLogout(accountId: string, sid: string): Promise<void>
}

type LogoutToken = {
  mask: object
  set(claim: string, value: unknown): void
  issue(options: { use: 'logout' }): Promise<string>
}

/**
 * Extends the client model at the seams oidc-provider offers: secrets are compared as hashes while they are in force, every ID token
 * carries `sid`, and a logout token is queued instead of sent while the member waits.
 */
export function extendClientModel(
  provider: Provider,
  deps: Pick<ProviderDeps, 'queueBackchannelLogout' | 'secretUsed' | 'now'>,
): void {
  const IdToken = provider.IdToken as unknown as new (claims: object, context: object) => LogoutToken
  const seams: Seams & ThisType<ClientModel> = {
    compareClientSecret(actual) {
      const now = deps.now().getTime()
      const inForce = (this.secrets ?? []).filter(({ end }) => end === null || end > now)
      const shown = secretOf(inForce, actual)
      if (shown) {
        deps.secretUsed(shown.id)
        return true
      }
      // Form decoding (RFC 6749 § 2.3.1) has made a blank of a + that was sent as it is.
      if (actual.includes(' ') && secretOf(inForce, actual.replaceAll(' ', '+')))
        throw new errors.InvalidClientAuth('the secret is right, but its + was not form-encoded')
      return false
    },
    includeSid: () => true,
    // Other response types are refused after this, by their own name.
    responseModeAllowed: (mode, responseType) => responseType !== 'code' || responseModes.includes(mode),
    /** Builds the token of OpenID Connect Back-Channel Logout 1.0 § 2.4. */
    async backchannelLogout(accountId, sid) {
      const token = new IdToken({ sub: accountId }, { client: this, ctx: undefined })
      token.mask = { sub: null }
      token.set('events', { 'http://schemas.openid.net/event/backchannel-logout': {} })
      token.set('jti', randomUUID())
      token.set('sid', sid)
      const logoutToken = await token.issue({ use: 'logout' })
      const { clientId, backchannelLogoutUri: url = '' } = this
      await deps.queueBackchannelLogout({ clientId, url, logoutToken })
    },
  }
  Object.assign(provider.Client.prototype, seams)
}

/** Every hash is compared: the time tells nothing about which of two secrets is in use. */
function secretOf(secrets: readonly SecretMetadata[], secret: string): SecretMetadata | undefined {
  const given = Buffer.from(hashToken(secret))
  return secrets.filter(({ hash }) => equal(given, Buffer.from(hash)))[0]
}

function equal(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}
