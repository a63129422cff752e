import { stringify } from 'yaml'
import { type Client, usualClient } from '../../domain/clients/client.ts'
import type { Resource } from '../../domain/clients/scopes.ts'

type Exported = { clients: readonly Client[]; resources: readonly Resource[]; defaultClient: string | undefined }

/** Writes applications as a file: sorted, without what is usual anyway, and with secrets by reference only. */
export function exportClients({ clients, resources, defaultClient }: Exported): string {
  const byId = (a: Client, b: Client) => (a.clientId < b.clientId ? -1 : 1)
  const content = {
    ...(defaultClient !== undefined && { default_client: defaultClient }),
    ...(resources.length > 0 && { resources: resources.map(({ name, scopes }) => ({ name, scopes })) }),
    clients: [...clients].sort(byId).map(entryOf),
  }
  return stringify(content, { lineWidth: 0 })
}

/** The entry of a client; a key without a value is left out. */
function entryOf(client: Client): Record<string, unknown> {
  const list = (values: readonly string[]) => (values.length > 0 ? values : undefined)
  const secret = secretOf(client)
  const usualMethod = secret ? 'client_secret_basic' : client.jwksUri || client.jwks ? 'private_key_jwt' : 'none'
  const method = client.tokenEndpointAuthMethod
  const usuallyIntrospects = client.firstParty && method !== 'none'
  const entry = {
    client_id: client.clientId,
    name: client.name,
    kind: client.kind,
    description: client.description,
    owner: client.owner,
    environment: client.environment === usualClient.environment ? undefined : client.environment,
    draft: client.draft || undefined,
    first_party: client.firstParty || undefined,
    may_introspect: client.mayIntrospect === usuallyIntrospects ? undefined : client.mayIntrospect,
    reviewed: client.reviewed || undefined,
    redirect_uris: list(client.redirectUris),
    post_logout_redirect_uris: list(client.postLogoutRedirectUris),
    initiate_login_uri: client.initiateLoginUri,
    client_uri: client.clientUri,
    backchannel_logout_uri: client.backchannelLogoutUri,
    scopes: list(client.scopes),
    web_origins: list(client.webOrigins),
    contacts: list(client.contacts),
    token_endpoint_auth_method: method === usualMethod ? undefined : method,
    client_secret: secret,
    jwks_uri: client.jwksUri,
    jwks: client.jwks,
    id_token_signed_response_alg:
      client.idTokenSignedResponseAlg === 'RS256' ? undefined : client.idTokenSignedResponseAlg,
    acr_minimum: client.acrMinimum,
  }
  return Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== undefined))
}

function secretOf({ secretsMadeHere, secretReferences = [] }: Client) {
  if (secretsMadeHere) return { from: 'database' }
  const references = secretReferences.map((from) => ({ from }))
  return references.length > 1 ? references : references[0]
}
