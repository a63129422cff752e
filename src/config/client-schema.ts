import { z } from 'zod'

const secretReference = z.strictObject({
  from: z.string().regex(/^(env|file):.+$/, 'write env:NAME or file:/path; a secret never stands in the file'),
})
const methods = ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'] as const
const scopes = ['openid', 'profile', 'email', 'phone', 'insurance', 'offline_access'] as const

const clientEntry = z.strictObject({
  client_id: z.string().regex(/^[\w.-]{3,64}$/, 'must be 3 to 64 letters, digits, dots, dashes or underscores'),
  name: z.string().min(1),
  kind: z.enum(['web', 'single-page', 'native', 'service']),
  first_party: z.boolean().default(false),
  reviewed: z.boolean().default(false),
  redirect_uris: z.array(z.string()).default([]),
  post_logout_redirect_uris: z.array(z.string()).default([]),
  initiate_login_uri: z.string().optional(),
  client_uri: z.string().optional(),
  backchannel_logout_uri: z.string().optional(),
  scopes: z.array(z.enum(scopes)).default([]),
  logo: z.string().optional(),
  client_secret: z.union([secretReference, z.array(secretReference).min(1).max(2)]).optional(),
  token_endpoint_auth_method: z.enum(methods).optional(),
  jwks_uri: z.string().optional(),
  jwks_file: z.string().optional(),
  contacts: z.array(z.string()).optional(),
  subject_type: z.enum(['public', 'pairwise']).optional(),
  id_token_signed_response_alg: z.enum(['ES256', 'RS256', 'PS256']).default('ES256'),
})

/** The shape of `clients.yaml` (docs/integrate.md). */
export const clientFileSchema = z.strictObject({
  default_client: z.string().optional(),
  clients: z.array(clientEntry).default([]),
})

export type ClientEntry = z.infer<typeof clientEntry>
type FieldFault = { field: string; message: string }

/** Names what does not fit together in one entry (RFC 9700, 2.1 and 4.1; RFC 8252 for native applications). */
export function faultsOf(entry: ClientEntry): FieldFault[] {
  return [...addressFaults(entry), ...authenticationFaults(entry), ...subjectFaults(entry)]
}

function addressFaults(entry: ClientEntry): FieldFault[] {
  const faults: FieldFault[] = []
  const check = (field: string, address: string, kind: ClientEntry['kind']) => {
    const message = addressFault(address, kind)
    if (message) faults.push({ field, message: `${address}: ${message}` })
  }
  for (const field of ['redirect_uris', 'post_logout_redirect_uris'] as const)
    for (const address of entry[field]) check(field, address, entry.kind)
  for (const field of ['initiate_login_uri', 'client_uri', 'backchannel_logout_uri', 'jwks_uri', 'logo'] as const)
    if (entry[field]) check(field, entry[field], 'web')
  if (entry.kind === 'service' && entry.redirect_uris.length > 0)
    faults.push({ field: 'redirect_uris', message: 'a service signs nobody in; remove them or choose another kind' })
  if (entry.kind !== 'service' && entry.redirect_uris.length === 0)
    faults.push({ field: 'redirect_uris', message: 'at least one is needed, exactly as the application sends it' })
  return faults
}

function addressFault(address: string, kind: ClientEntry['kind']): string | undefined {
  if (!URL.canParse(address)) return 'is no absolute address'
  const url = new URL(address)
  if (address.includes('*')) return 'wildcards are not allowed; register each address'
  if (address.includes('#')) return 'a fragment is not allowed (RFC 6749, 3.1.2)'
  if (url.protocol === 'https:') return undefined
  if (url.protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)) return undefined
  // A private-use scheme is a domain name in reverse (RFC 8252, 7.1).
  if (kind === 'native' && url.protocol.includes('.')) return undefined
  return `must begin with https:// (http:// on localhost only${kind === 'native' ? ', or a scheme like com.example.app:' : ''})`
}

function authenticationFaults(entry: ClientEntry): FieldFault[] {
  const method = entry.token_endpoint_auth_method
  const keys = entry.jwks_uri || entry.jwks_file
  if (entry.kind === 'single-page' || entry.kind === 'native') {
    const message = `a ${entry.kind} application cannot keep a secret; use none and remove client_secret`
    if (entry.client_secret) return [{ field: 'client_secret', message }]
    return method && method !== 'none' ? [{ field: 'token_endpoint_auth_method', message }] : []
  }
  if (method === 'none')
    return [{ field: 'token_endpoint_auth_method', message: 'none is for single-page and native applications only' }]
  if (method === 'private_key_jwt' && !keys)
    return [{ field: 'token_endpoint_auth_method', message: 'private_key_jwt needs jwks_uri or jwks_file' }]
  if (!keys && !entry.client_secret)
    return [
      { field: 'client_secret', message: 'is missing; write { from: env:NAME }, or jwks_uri for private_key_jwt' },
    ]
  return []
}

function subjectFaults(entry: ClientEntry): FieldFault[] {
  const derived = entry.first_party ? 'public' : 'pairwise'
  if (!entry.subject_type || entry.subject_type === derived) return []
  return [{ field: 'subject_type', message: `follows from first_party and is ${derived}; remove it` }]
}
