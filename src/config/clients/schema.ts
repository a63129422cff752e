import { z } from 'zod'
import { clientDescriptionPattern, clientIdPattern, clientNamePattern } from '../../domain/clients/rules.ts'
import { scopePattern } from '../../domain/clients/scopes.ts'
import { mostSecrets } from '../../domain/clients/secrets.ts'
import { reachableAcrs } from '../../domain/factors.ts'

// What `describe` says is read in an editor, beside the key (config/clients.schema.json).

const address = z.string().min(1)
const addresses = z.array(address).default([])
const reference = z
  .strictObject({
    from: z
      .string()
      .regex(
        /^(env:[A-Z][A-Z0-9_]*|file:.+|database)$/,
        'must be env:NAME, file:path or database; secrets never stand in this file',
      )
      .describe('env:NAME (a variable), file:path, or database: secrets:add makes it. Never the secret itself.'),
  })
  .describe('Where a secret stands.')
const scopes = z.array(z.string().regex(scopePattern, 'is not a scope (RFC 6749 § 3.3)')).default([])
const resource = z
  .strictObject({
    name: z
      .string()
      .regex(clientNamePattern, 'must be 1 to 60 printable characters')
      .describe('What operators call the interface.'),
    scopes: scopes.describe('The scopes that it knows; each belongs to one resource.'),
  })
  .describe('An interface that services call with a token.')

/** One entry below `clients:`; what belongs together is checked by `clientFaults`. */
const clientSchema = z
  .strictObject({
    client_id: z
      .string()
      .regex(clientIdPattern, 'must be 1 to 64 of A-Z a-z 0-9 . _ -')
      .describe('What the protocol calls the application. It never changes and is never given again.'),
    name: z
      .string()
      .regex(clientNamePattern, 'must be 1 to 60 printable characters')
      .describe('What members read: "Sie melden sich an bei …".'),
    kind: z
      .enum(['web', 'single-page', 'native', 'service'])
      .describe('web: a server with a secret or key. single-page, native: no secret, PKCE only. service: no person.'),
    description: z
      .string()
      .regex(clientDescriptionPattern, 'must be 1 to 300 printable characters on one line')
      .optional()
      .describe('What it is for; staff read it, members do not.'),
    owner: z
      .string()
      .regex(clientNamePattern, 'must be 1 to 60 printable characters')
      .optional()
      .describe('The department that answers for it, no person: those stand below contacts.'),
    environment: z
      .enum(['live', 'test'])
      .default('live')
      .describe('A word for staff: whether it serves members or tries things out. The same rules hold for both.'),
    draft: z
      .boolean()
      .default(false)
      .describe('Registered and checked, and let in nowhere until it is a draft no more.'),
    first_party: z
      .boolean()
      .default(false)
      .describe('The insurer’s own: no consent page, and a public sub when it is registered so at first.'),
    may_introspect: z
      .boolean()
      .optional()
      .describe('May ask whether the tokens of others are good. Unset: with first_party and a secret or key, yes.'),
    reviewed: z
      .boolean()
      .default(false)
      .describe('Staff have approved the name; until then pages mark it and SMS leave it out.'),
    redirect_uris: addresses.describe(
      'Where members come back to: full addresses, compared sign by sign; https, or http on loopback.',
    ),
    post_logout_redirect_uris: addresses.describe('Where a sign-out may lead back to.'),
    initiate_login_uri: address.optional().describe('Where the application begins a sign-in.'),
    client_uri: address.optional().describe('Its start page: expired pages lead back there.'),
    backchannel_logout_uri: address.optional().describe('Where its server is told that a session has ended.'),
    scopes: scopes.describe('The most that it may ask for. Of a service: scopes of the resources that it calls.'),
    web_origins: addresses.describe(
      'Single-page and native: further origins whose pages call the token and userinfo endpoints.',
    ),
    contacts: z
      .array(z.email('must be an e-mail address'))
      .max(10)
      .default([])
      .describe('E-mail addresses of whoever looks after it; they are told before a secret ends.'),
    client_secret: z
      .union([reference, z.array(reference).min(1).max(mostSecrets)])
      .optional()
      .describe('Where its secret stands; a list of two while it is changed.'),
    token_endpoint_auth_method: z
      .enum(['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'])
      .optional()
      .describe('How it proves itself. Unset: by what it has, a secret, a key, or nothing.'),
    jwks_uri: address.optional().describe('Where its public keys are published, for private_key_jwt.'),
    jwks_file: z.string().min(1).optional().describe('A file with its public keys (JSON Web Key Set).'),
    jwks: z
      .strictObject({
        keys: z.array(z.record(z.string(), z.unknown())).describe('Public keys, as RFC 7517 writes them.'),
      })
      .optional()
      .describe('Its public keys, written out as clients:export does.'),
    id_token_signed_response_alg: z
      .enum(['ES256', 'RS256', 'PS256'])
      .default('RS256')
      .describe('What ID tokens and logout tokens for it are signed with.'),
    acr_minimum: z
      .enum(reachableAcrs)
      .optional()
      .describe('The weakest class of sign-in that it accepts: a session below is asked for what it lacks.'),
  })
  .describe('An application that delegates its sign-in, or a service.')

export type ClientEntry = z.infer<typeof clientSchema>

/** A whole file: the applications, the resources of services, and the application that `/anmeldung` signs in to when nobody asked. */
export const clientsFileSchema = z.strictObject({
  clients: z.array(clientSchema).describe('Who delegates its sign-in; whose entry vanishes is let in no more.'),
  resources: z.array(resource).optional().describe('What services call; unset: one, of all scopes that they name.'),
  default_client: z
    .string()
    .optional()
    .describe('client_id of the application that letters, e-mails and /anmeldung lead to.'),
})

/** Keys by the place they belong to, for "did you mean". */
export const knownKeys = {
  file: Object.keys(clientsFileSchema.shape),
  client: Object.keys(clientSchema.shape),
  resource: Object.keys(resource.shape),
  reference: Object.keys(reference.shape),
}
