import { randomBytes } from 'node:crypto'
import type { ClientMetadata } from 'oidc-provider'
import { type Client, type RegisteredClient, usesSecret } from '../../domain/clients/client.ts'

/** Metadata of our own that oidc-provider carries along on its client model. */
export const ownMetadata = [
  'firstParty',
  'mayIntrospect',
  'reviewed',
  'kind',
  'secrets',
  'initiateLoginUri',
  'serviceScopes',
  'webOrigins',
  'acrMinimum',
] as const

/** Only hashes of secrets are known; oidc-provider insists on a value, so it gets one that nobody knows. */
const nobodysSecret = randomBytes(32).toString('base64url')

/** A secret as the client model has it: `end` in milliseconds since the epoch. */
export type SecretMetadata = { id: string; hash: string; end: number | null }

/** Translates a client for oidc-provider (OpenID Connect Dynamic Client Registration 1.0 § 2). */
export function clientMetadata(
  client: Client,
  { subjectType, secrets }: Pick<RegisteredClient, 'subjectType' | 'secrets'>,
): ClientMetadata {
  const service = client.kind === 'service'
  const metadata: ClientMetadata = {
    client_id: client.clientId,
    client_name: client.name,
    client_uri: client.clientUri,
    application_type: client.kind === 'native' ? 'native' : 'web',
    grant_types: grantTypes(client),
    response_types: service ? [] : ['code'],
    redirect_uris: client.redirectUris,
    post_logout_redirect_uris: client.postLogoutRedirectUris,
    backchannel_logout_uri: client.backchannelLogoutUri,
    backchannel_logout_session_required: client.backchannelLogoutUri ? true : undefined,
    scope: service ? undefined : client.scopes.join(' '),
    // A service has no persons.
    subject_type: service ? 'public' : subjectType,
    token_endpoint_auth_method: client.tokenEndpointAuthMethod,
    id_token_signed_response_alg: client.idTokenSignedResponseAlg,
    jwks_uri: client.jwksUri,
    jwks: client.jwks as ClientMetadata['jwks'],
    client_secret: usesSecret(client) ? nobodysSecret : undefined,
    firstParty: client.firstParty,
    mayIntrospect: client.mayIntrospect,
    reviewed: client.reviewed,
    kind: client.kind,
    secrets: secrets.map(
      ({ id, hash, expiresAt }): SecretMetadata => ({ id, hash, end: expiresAt?.getTime() ?? null }),
    ),
    initiateLoginUri: client.initiateLoginUri,
    webOrigins: client.webOrigins,
    acrMinimum: client.acrMinimum,
    // Of resources, which oidc-provider knows nothing of.
    serviceScopes: service ? client.scopes : undefined,
  }
  return JSON.parse(JSON.stringify(metadata))
}

function grantTypes(client: Client): string[] {
  if (client.kind === 'service') return ['client_credentials']
  return client.scopes.includes('offline_access') ? ['authorization_code', 'refresh_token'] : ['authorization_code']
}
