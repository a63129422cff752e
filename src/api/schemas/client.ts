import { z } from 'zod'
import { type Client, type RegisteredClient, whyKeptOut } from '../../domain/clients/client.ts'
import { clientDescriptionPattern, clientIdPattern, clientNamePattern } from '../../domain/clients/rules.ts'
import { scopePattern } from '../../domain/clients/scopes.ts'
import { reachableAcrs } from '../../domain/factors.ts'

const address = z.string().min(1).max(2000)
const list = (most: number) => z.array(address).max(most).default([])

export const clientId = z.string().regex(clientIdPattern).describe('Id of the application')

/** What a caller may set: the keys are those of clients.yaml. What belongs together, the rules of clients check. */
const settable = {
  name: z.string().regex(clientNamePattern).describe('Shown to members'),
  kind: z.enum(['web', 'single-page', 'native', 'service']),
  description: z.string().regex(clientDescriptionPattern).optional().describe('What it is for; for staff alone'),
  owner: z.string().regex(clientNamePattern).optional().describe('The department that answers for it'),
  environment: z.enum(['live', 'test']).default('live').describe('For staff: the same rules hold for both'),
  draft: z.boolean().optional().describe('Let in nowhere until it is none. Unset: as it was, at first none'),
  first_party: z.boolean().default(false).describe('Two of the staff make an application the insurer’s own'),
  may_introspect: z.boolean().default(false).describe('May ask about the tokens of others (RFC 7662)'),
  reviewed: z.boolean().default(false).describe('The name has been checked; others are marked to members'),
  redirect_uris: list(50),
  post_logout_redirect_uris: list(50),
  initiate_login_uri: address.optional(),
  client_uri: address.optional(),
  backchannel_logout_uri: address.optional(),
  scopes: z.array(z.string().regex(scopePattern).max(200)).max(100).default([]),
  web_origins: list(50),
  contacts: z.array(z.email().max(254)).max(10).default([]).describe('Who is told when a secret ends'),
  token_endpoint_auth_method: z
    .enum(['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'])
    .optional()
    .describe('Unset: none for a page or an app, a secret for everything else'),
  jwks_uri: address.optional(),
  jwks: z.strictObject({ keys: z.array(z.record(z.string(), z.unknown())).max(20) }).optional(),
  id_token_signed_response_alg: z.enum(['ES256', 'RS256', 'PS256']).default('RS256'),
  acr_minimum: z.enum(reachableAcrs).optional().describe('The weakest class of sign-in that it accepts'),
}

export const clientInput = z.strictObject(settable)
export const newClientInput = z.strictObject({ client_id: clientId, ...settable })

export const clientAnswer = z.object({
  client_id: clientId,
  ...settable,
  managed_by: z.string().nullable().describe('The file that alone changes it; null: staff and this API'),
  state: z.enum(['active', 'draft', 'suspended', 'gone']).describe('gone: its entry has left its file'),
  suspended_reason: z.string().nullable(),
  changed_at: z.iso.datetime(),
})

/** The client that a caller wants, in place of the one before. Secrets are made here, never brought along. */
export function toClient(id: string, input: z.output<typeof clientInput>, before?: Client): Client {
  const method = input.token_endpoint_auth_method ?? usualMethod(input.kind)
  return {
    clientId: id,
    name: input.name,
    kind: input.kind,
    description: input.description,
    owner: input.owner,
    environment: input.environment,
    draft: input.draft ?? before?.draft ?? false,
    firstParty: input.first_party,
    mayIntrospect: input.may_introspect,
    reviewed: input.reviewed,
    redirectUris: input.redirect_uris,
    postLogoutRedirectUris: input.post_logout_redirect_uris,
    initiateLoginUri: input.initiate_login_uri,
    clientUri: input.client_uri,
    backchannelLogoutUri: input.backchannel_logout_uri,
    scopes: input.scopes,
    webOrigins: input.web_origins,
    contacts: input.contacts,
    secretHashes: [],
    secretsMadeHere: method.startsWith('client_secret'),
    tokenEndpointAuthMethod: method,
    jwksUri: input.jwks_uri,
    jwks: input.jwks,
    idTokenSignedResponseAlg: input.id_token_signed_response_alg,
    acrMinimum: input.acr_minimum,
  }
}

const usualMethod = (kind: Client['kind']) =>
  kind === 'single-page' || kind === 'native' ? 'none' : 'client_secret_basic'

/** How a client is shown: nothing of its secrets. */
export function fromClient(registered: RegisteredClient): z.input<typeof clientAnswer> {
  const { client, managedBy, changedAt } = registered
  return {
    client_id: client.clientId,
    name: client.name,
    kind: client.kind,
    description: client.description,
    owner: client.owner,
    environment: client.environment,
    draft: client.draft,
    first_party: client.firstParty,
    may_introspect: client.mayIntrospect,
    reviewed: client.reviewed,
    redirect_uris: client.redirectUris,
    post_logout_redirect_uris: client.postLogoutRedirectUris,
    initiate_login_uri: client.initiateLoginUri,
    client_uri: client.clientUri,
    backchannel_logout_uri: client.backchannelLogoutUri,
    scopes: client.scopes,
    web_origins: client.webOrigins,
    contacts: client.contacts,
    token_endpoint_auth_method: client.tokenEndpointAuthMethod,
    jwks_uri: client.jwksUri,
    jwks: client.jwks,
    id_token_signed_response_alg: client.idTokenSignedResponseAlg,
    acr_minimum: client.acrMinimum,
    managed_by: managedBy,
    state: whyKeptOut(registered) ?? 'active',
    suspended_reason: registered.suspendedReason,
    changed_at: changedAt.toISOString(),
  }
}
