import { z } from 'zod'
import { clientIdPattern, clientNamePattern } from '../../domain/clients/rules.ts'
import { scopePattern } from '../../domain/clients/scopes.ts'
import { mostSecrets } from '../../domain/clients/secrets.ts'

const address = z.string().min(1)
const reference = z.strictObject({
  from: z
    .string()
    .regex(
      /^(env:[A-Z][A-Z0-9_]*|file:.+|database)$/,
      'must be env:NAME, file:path or database; secrets never stand in this file',
    ),
})
const scopes = z.array(z.string().regex(scopePattern, 'is not a scope (RFC 6749 § 3.3)')).default([])
const resource = z.strictObject({
  name: z.string().regex(clientNamePattern, 'must be 1 to 60 printable characters'),
  scopes,
})

/** One entry below `clients:`; what belongs together is checked by `clientFaults`. */
const clientSchema = z.strictObject({
  client_id: z.string().regex(clientIdPattern, 'must be 1 to 64 of A-Z a-z 0-9 . _ -'),
  name: z.string().regex(clientNamePattern, 'must be 1 to 60 printable characters'),
  kind: z.enum(['web', 'single-page', 'native', 'service']),
  first_party: z.boolean().default(false),
  may_introspect: z.boolean().optional(),
  reviewed: z.boolean().default(false),
  redirect_uris: z.array(address).default([]),
  post_logout_redirect_uris: z.array(address).default([]),
  initiate_login_uri: address.optional(),
  client_uri: address.optional(),
  backchannel_logout_uri: address.optional(),
  scopes,
  web_origins: z.array(address).default([]),
  contacts: z.array(z.email('must be an e-mail address')).max(10).default([]),
  client_secret: z.union([reference, z.array(reference).min(1).max(mostSecrets)]).optional(),
  token_endpoint_auth_method: z
    .enum(['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'])
    .optional(),
  jwks_uri: address.optional(),
  jwks_file: z.string().min(1).optional(),
  jwks: z.strictObject({ keys: z.array(z.record(z.string(), z.unknown())) }).optional(),
  id_token_signed_response_alg: z.enum(['ES256', 'RS256', 'PS256']).default('RS256'),
})

export type ClientEntry = z.infer<typeof clientSchema>

/** A whole file: the applications, the resources of services, and the application that `/anmeldung` signs in to when nobody asked. */
export const clientsFileSchema = z.strictObject({
  clients: z.array(clientSchema),
  resources: z.array(resource).optional(),
  default_client: z.string().optional(),
})

/** Keys by the place they belong to, for "did you mean". */
export const knownKeys = {
  file: Object.keys(clientsFileSchema.shape),
  client: Object.keys(clientSchema.shape),
  resource: Object.keys(resource.shape),
  reference: Object.keys(reference.shape),
}
