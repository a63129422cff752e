import { z } from 'zod'
import { reachableAcrs } from '../factors.ts'
import { canVerify, holdsSecret } from '../secrets/public-keys.ts'
import { addressFault, originFault } from './addresses.ts'
import { type Client, usesSecret } from './client.ts'
import { memberScopes, type Resource, scopesOf } from './scopes.ts'
import { mostSecrets } from './secrets.ts'

/** What is wrong with a client: the field, its place within a list, and what mends it. */
export type ClientFault = { field: keyof Client; index?: number; message: string }

const mostContacts = 10

/** Signs of a client id, which stands in logs, addresses and file names. */
export const clientIdPattern = /^[A-Za-z0-9._-]{1,64}$/
export const clientNamePattern = /^[\p{L}\p{N}\p{P}\p{S} ]{1,60}$/u
export const clientDescriptionPattern = /^[\p{L}\p{N}\p{P}\p{S} ]{1,300}$/u
/**
 * Finds everything that does not belong together in a client, whoever registers it (RFC 6749 § 3.1.2, RFC 8252, RFC 9700 § 2).
 * `resources`: those whose scopes a service may be given.
 */
export function clientFaults(client: Client, resources: readonly Resource[]): ClientFault[] {
  return [
    ...wordFaults(client),
    ...addressFaults(client),
    ...originFaults(client),
    ...kindFaults(client),
    ...authenticationFaults(client),
    ...keyFaults(client),
    ...scopeFaults(client, resources),
    ...classFaults(client),
  ]
}

function wordFaults({ clientId, name, description, owner, contacts }: Client): ClientFault[] {
  const faults: ClientFault[] = []
  if (!clientIdPattern.test(clientId))
    faults.push({ field: 'clientId', message: 'must be 1 to 64 of A-Z a-z 0-9 . _ -' })
  if (!clientNamePattern.test(name)) faults.push({ field: 'name', message: 'must be 1 to 60 printable characters' })
  if (description !== undefined && !clientDescriptionPattern.test(description))
    faults.push({ field: 'description', message: 'must be 1 to 300 printable characters on one line' })
  if (owner !== undefined && !clientNamePattern.test(owner))
    faults.push({ field: 'owner', message: 'must be 1 to 60 printable characters' })
  if (contacts.length > mostContacts) faults.push({ field: 'contacts', message: `are more than ${mostContacts}` })
  for (const [index, contact] of contacts.entries())
    if (!z.email().safeParse(contact).success)
      faults.push({ field: 'contacts', index, message: 'must be an e-mail address' })
  return faults
}

function addressFaults(client: Client): ClientFault[] {
  const lists = ['redirectUris', 'postLogoutRedirectUris'] as const
  const singles = ['initiateLoginUri', 'clientUri', 'backchannelLogoutUri', 'jwksUri'] as const
  const places = [
    ...lists.flatMap((field) => client[field].map((value, index) => ({ field, index, value, ofApp: true }))),
    ...singles.map((field) => ({ field, value: client[field], ofApp: false })),
  ]
  return places.flatMap(({ value, ofApp, ...place }) => {
    const message = value && addressFault(value, ofApp && client.kind === 'native')
    return message ? [{ ...place, message }] : []
  })
}

function originFaults({ kind, webOrigins }: Client): ClientFault[] {
  if (webOrigins.length > 0 && kind !== 'single-page' && kind !== 'native') {
    const message = `does not fit kind: ${kind}, whose server calls the endpoints; leave it out`
    return [{ field: 'webOrigins', message }]
  }
  return webOrigins.flatMap((origin, index) => {
    const message = originFault(origin)
    return message ? [{ field: 'webOrigins' as const, index, message }] : []
  })
}

function kindFaults(client: Client): ClientFault[] {
  if (client.kind === 'service') {
    const lists = (['redirectUris', 'postLogoutRedirectUris'] as const).filter((field) => client[field].length > 0)
    const singles = (['initiateLoginUri', 'backchannelLogoutUri'] as const).filter((field) => client[field])
    return [...lists, ...singles].map((field) => ({ field, message: 'does not fit kind: service; leave it out' }))
  }
  if (client.redirectUris.length === 0)
    return [{ field: 'redirectUris', message: `is empty; kind: ${client.kind} needs at least one address` }]
  const hosts = new Set(client.redirectUris.map((uri) => URL.parse(uri)?.host))
  if (client.firstParty || hosts.size === 1) return []
  const message = 'names several hosts; a third party has one, because its subject identifiers depend on it'
  return [{ field: 'redirectUris', message }]
}

function authenticationFaults(client: Client): ClientFault[] {
  const { kind, tokenEndpointAuthMethod: method } = client
  const hasSecret = client.secretsMadeHere || client.secretHashes.length > 0
  const faults: ClientFault[] = []
  const fault = (field: keyof Client, message: string) => faults.push({ field, message })
  const open = kind === 'single-page' || kind === 'native'
  if (client.mayIntrospect && method === 'none')
    fault('mayIntrospect', 'needs a secret or a key: without one anybody could ask in its name; leave it out')
  if (open && method !== 'none')
    fault('tokenEndpointAuthMethod', `does not fit kind: ${kind}, which cannot keep a secret; leave it out`)
  if (open && hasSecret) fault('secretHashes', `does not fit kind: ${kind}; leave it out`)
  if (!open && method === 'none')
    fault('secretHashes', `is missing; kind: ${kind} needs client_secret, jwks_uri or jwks_file`)
  if (usesSecret(client) && !hasSecret)
    fault('secretHashes', `is missing; ${method} needs it, for example { from: env:PORTAL_SECRET }`)
  if (method === 'private_key_jwt' && hasSecret) fault('secretHashes', 'is not used by private_key_jwt; leave it out')
  if (client.secretHashes.length > mostSecrets) fault('secretHashes', `has more than ${mostSecrets} secrets`)
  return faults
}

function keyFaults({ tokenEndpointAuthMethod: method, jwksUri, jwks }: Client): ClientFault[] {
  const given = [jwksUri, jwks].filter(Boolean).length
  if (method === 'private_key_jwt' && given !== 1)
    return [{ field: 'jwksUri', message: 'or jwks_file: private_key_jwt needs exactly one of them' }]
  if (method !== 'private_key_jwt' && given > 0) {
    const message = `is not used by ${method}; set private_key_jwt or leave it out`
    return [{ field: jwksUri ? 'jwksUri' : 'jwks', message }]
  }
  const message = jwks && keySetFault(jwks.keys)
  return message ? [{ field: 'jwks', message }] : []
}

/** Says what is wrong with public keys (RFC 7517). */
function keySetFault(keys: readonly unknown[]): string | undefined {
  if (keys.length === 0) return 'holds no keys; it must be a JSON Web Key Set: {"keys": […]}'
  if (keys.some((key) => Object(key) !== key)) return 'holds something that is no key; it must be a JSON Web Key Set'
  if ((keys as object[]).some(holdsSecret)) return 'holds a private or symmetric key; put public keys only'
  if (keys.some(canVerify)) return undefined
  return 'holds no key that verifies signatures; put one of EC P-256, Ed25519, or RSA of at least 2048 bits'
}

function scopeFaults({ kind, scopes }: Client, resources: readonly Resource[]): ClientFault[] {
  const ofMembers = new Set<string>(memberScopes)
  const ofServices = scopesOf(resources)
  const faults = scopes.flatMap((scope, index): ClientFault[] => {
    const message = kind === 'service' ? serviceScopeFault(scope) : memberScopeFault(scope)
    return message ? [{ field: 'scopes', index, message }] : []
  })
  if (kind !== 'service' && !scopes.includes('openid')) faults.push({ field: 'scopes', message: 'must contain openid' })
  return faults

  function serviceScopeFault(scope: string): string | undefined {
    if (ofMembers.has(scope)) return `${scope} is for members; a service has none`
    return ofServices.has(scope) ? undefined : `${scope} is of no resource; name it below resources`
  }
  function memberScopeFault(scope: string): string | undefined {
    return ofMembers.has(scope) ? undefined : `${scope} is unknown; use ${memberScopes.join(', ')}`
  }
}

function classFaults({ kind, acrMinimum }: Client): ClientFault[] {
  if (acrMinimum === undefined) return []
  if (kind === 'service') return [{ field: 'acrMinimum', message: 'does not fit kind: service; leave it out' }]
  if (reachableAcrs.includes(acrMinimum)) return []
  return [{ field: 'acrMinimum', message: `is reached by no sign-in; use ${reachableAcrs.join(', ')}` }]
}
